// Package disk tests a server whose journal is on a disk that fails: a file system
// in memory that is full, or read-only.
package disk

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// The test binary is also the process that a file system is mounted for: a child
// process in whose environment mountEnv names the directory.
const mountEnv = "HOLDFAST_DISK_MOUNT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(mountEnv); dir != "" {
		if err := keep(dir); err != nil {
			fmt.Println(err)
		}
		return
	}
	os.Exit(m.Run())
}

// keep mounts a file system in a mount namespace that this process has for itself,
// and keeps it until its standard input ends. A line of that remounts it.
func keep(dir string) error {
	const size = "size=8m"
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	if err := syscall.Mount("holdfast", dir, "tmpfs", 0, size); err != nil {
		return fmt.Errorf("mounting a file system: %w", err)
	}
	fmt.Println("done")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		flags := uintptr(syscall.MS_REMOUNT)
		if lines.Text() == "read-only" {
			flags |= syscall.MS_RDONLY
		}
		if err := syscall.Mount("", dir, "", flags, size); err != nil {
			return fmt.Errorf("remounting: %w", err)
		}
		fmt.Println("done")
	}
	return nil
}

// A disk is a file system of 8 MB that a process keeps mounted, where nobody else
// sees it: dir leads there through that process.
type disk struct {
	t    *testing.T
	dir  string
	in   io.Writer
	said *bufio.Scanner
	fill *os.File // takes the space that is left; nil: none is taken
}

// newDisk mounts a file system. Where that is not allowed the test is skipped, but
// not for root in CI.
func newDisk(t *testing.T) *disk {
	t.Helper()
	dir := t.TempDir()
	process := exec.Command(os.Args[0])
	process.Env = append(os.Environ(), mountEnv+"="+dir)
	process.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		process.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		process.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		process.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	in, err := process.StdinPipe()
	must(t, err)
	out, err := process.StdoutPipe()
	must(t, err)
	d := &disk{t: t, in: in, said: bufio.NewScanner(out)}
	if err = process.Start(); err == nil {
		t.Cleanup(func() { must(t, errors.Join(in.Close(), process.Wait())) })
		d.dir = fmt.Sprintf("/proc/%d/root%s", process.Process.Pid, dir)
		err = d.done()
	}
	if err != nil && (os.Getenv("CI") == "" || os.Geteuid() != 0) {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	must(t, err)
	return d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (d *disk) done() error {
	if !d.said.Scan() {
		return io.ErrUnexpectedEOF
	}
	if d.said.Text() != "done" {
		return errors.New(d.said.Text())
	}
	return nil
}

// remount makes the file system "read-only" or "writable".
func (d *disk) remount(how string) {
	d.t.Helper()
	_, err := fmt.Fprintln(d.in, how)
	must(d.t, errors.Join(err, d.done()))
}

// fills takes all the space that is left.
func (d *disk) fills() {
	d.t.Helper()
	if d.fill == nil {
		f, err := os.Create(filepath.Join(d.dir, "fill"))
		must(d.t, err)
		d.fill = f
	}
	_, err := d.fill.Seek(0, io.SeekEnd)
	for piece := make([]byte, 4096); err == nil; {
		_, err = d.fill.Write(piece)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		d.t.Fatalf("filling the disk gives %v", err)
	}
}

// frees gives back so many bytes of the space that was taken.
func (d *disk) frees(bytes int64) {
	d.t.Helper()
	info, err := d.fill.Stat()
	must(d.t, err)
	must(d.t, d.fill.Truncate(max(0, info.Size()-bytes)))
}

// freesAll gives back the space that was taken.
func (d *disk) freesAll() {
	d.t.Helper()
	must(d.t, errors.Join(d.fill.Close(), os.Remove(d.fill.Name())))
	d.fill = nil
}
