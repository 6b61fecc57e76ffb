package proc

import "syscall"

// attributes also make the kernel end the child when this process dies in a way that runs no cleanup.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
