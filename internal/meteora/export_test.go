package meteora

import "time"

// ForgetDoubts lets the client doubt its dialects again, as it does a minute after it has tried them.
func ForgetDoubts(c *Client) {
	c.dialects.mu.Lock()
	defer c.dialects.mu.Unlock()
	for field, known := range c.dialects.known {
		known.checked = time.Time{}
		c.dialects.known[field] = known
	}
}
