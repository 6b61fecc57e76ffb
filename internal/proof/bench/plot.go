package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
)

// Measures of the plot in pixels.
const (
	rowHeight  = 20
	labelWidth = 190
	panelWidth = 300
	panelGap   = 70
	headHeight = 60
	plotWidth  = labelWidth + 2*panelWidth + 2*panelGap
)

// plotted is the shape that killed the old back end, as Meteora sends it.
var plotted = shape{Paged: false, Gzip: true}

// plot draws CPU and memory of every consumer, each on a logarithmic scale, as SVG.
func plot(r *Report) []byte {
	var rows []Row
	for _, row := range r.Rows {
		if row.Shape == plotted.String() {
			rows = append(rows, row)
		}
	}
	height := headHeight + rowHeight*len(rows) + 30
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", plotWidth, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", plotWidth, height)
	write := func(x, y float64, style, text string) {
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" %s>`, x, y, style)
		_ = xml.EscapeText(&b, []byte(text)) // a buffer does not fail
		b.WriteString("</text>\n")
	}
	write(10, 20, `font-weight="bold"`, fmt.Sprintf("%d pools in one gzipped array; logarithmic scales", r.Pools))
	for i, row := range rows {
		write(labelWidth-10, rowY(i)+4, `text-anchor="end"`+emphasis(row), row.Consumer)
	}
	for n, p := range []panel{
		{"CPU, ms", func(row Row) float64 { return row.CPUMS }},
		{"peak memory, MiB", func(row Row) float64 { return row.PeakMiB }},
	} {
		p.draw(&b, write, labelWidth+float64(n)*(panelWidth+panelGap), rows)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func rowY(i int) float64 { return headHeight + rowHeight*(float64(i)+0.5) }

func emphasis(row Row) string {
	if row.Consumer == ours {
		return ` font-weight="bold" fill="#06c"`
	}
	return ` fill="#333"`
}

// A panel is one figure of all rows.
type panel struct {
	title string
	of    func(Row) float64
}

// draw puts a dot on each row, with its value beside it, over a grid of powers of ten.
func (p panel) draw(b *bytes.Buffer, write func(x, y float64, style, text string), left float64, rows []Row) {
	low, high := math.Inf(1), 1.0
	for _, row := range rows {
		low, high = min(low, p.of(row)), max(high, p.of(row))
	}
	from, to := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	x := func(v float64) float64 { return left + panelWidth*(math.Log10(v)-from)/(to-from) }
	write(left, 40, `fill="#333"`, p.title)
	bottom := rowY(len(rows)) - rowHeight/2
	for power := from; power <= to; power++ {
		v := math.Pow(10, power)
		fmt.Fprintf(b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%.1f" stroke="#ddd"/>`+"\n", x(v), x(v), headHeight-6, bottom)
		write(x(v), bottom+16, `text-anchor="middle" fill="#777"`, fmt.Sprintf("%g", v))
	}
	for i, row := range rows {
		v := p.of(row)
		fmt.Fprintf(b, `<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="#bbb"/>`+"\n", left, x(v), rowY(i), rowY(i))
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="4"%s/>`+"\n", x(v), rowY(i), emphasis(row))
		write(x(v)+8, rowY(i)+4, emphasis(row), fmt.Sprintf("%.0f", v))
	}
}
