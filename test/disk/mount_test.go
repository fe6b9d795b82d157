// Package disk tests a server whose journal is on a disk that fails: a file system
// in memory that is full, or read-only.
package disk

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"holdfast/holdfasttest"
)

// The test binary is also the process that a file system is mounted for: a child
// process in whose environment mountEnv names the directory.
const (
	mountEnv = "HOLDFAST_DISK_MOUNT"
	imageEnv = "HOLDFAST_DISK_IMAGE" // the file with the file system; empty: one in memory
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(mountEnv); dir != "" {
		fs := fileSystem(memory{dir})
		if image := os.Getenv(imageEnv); image != "" {
			fs = &ext4{dir: dir, image: image}
		}
		if err := keep(fs); err != nil {
			fmt.Println(err)
		}
		return
	}
	go machine.Beat(context.Background()) // ends with the process
	flag.Parse()
	if err := flag.Set("test.parallel", atOnce); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// atOnce is how many tests run at the same time, whatever the number of processors:
// most of the time they wait.
const atOnce = "6"

// machine tells when the machine has stood still, for which no server is to blame.
var machine holdfasttest.Pulse

// A fileSystem is mounted, and then becomes what a word says.
type fileSystem interface {
	mount() error
	become(what string) error
}

// keep mounts a file system in a mount namespace that this process has for itself,
// and keeps it until its standard input ends.
func keep(fs fileSystem) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	if err := fs.mount(); err != nil {
		return fmt.Errorf("mounting a file system: %w", err)
	}
	fmt.Println("done")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if err := fs.become(lines.Text()); err != nil {
			return fmt.Errorf("making the file system %s: %w", lines.Text(), err)
		}
		fmt.Println("done")
	}
	return nil
}

// A memory is a file system of 8 MB in memory.
type memory struct{ dir string }

const memorySize = "size=8m"

func (m memory) mount() error { return syscall.Mount("holdfast", m.dir, "tmpfs", 0, memorySize) }

func (m memory) become(what string) error {
	flags := uintptr(syscall.MS_REMOUNT)
	if what == readOnly {
		flags |= syscall.MS_RDONLY
	}
	return syscall.Mount("", m.dir, "", flags, memorySize)
}

// What a disk may become.
const (
	readOnly = "read-only"
	broken   = "broken" // every access is an error
	stuck    = "stuck"  // no write ends, until it is thawed
	thawed   = "thawed"
	well     = "well"
)

// A disk is a file system that a process keeps mounted, where nobody else sees it: dir
// leads there through that process.
type disk struct {
	t    *testing.T
	dir  string
	in   io.Writer
	said *bufio.Scanner
	fill *os.File // takes the space that is left; nil: none is taken
}

// newDisk mounts a file system in memory. Where that is not allowed the test is
// skipped, but not for root in CI.
func newDisk(t *testing.T) *disk {
	t.Helper()
	d, err := mounted(t)
	if err != nil && (os.Getenv("CI") == "" || os.Geteuid() != 0) {
		t.Skipf("LEFT OUT: no file system can be mounted here: %v", err)
	}
	must(t, err)
	return d
}

// mounted has a process mount a file system.
func mounted(t *testing.T, env ...string) (*disk, error) {
	t.Helper()
	dir := t.TempDir()
	process := exec.Command(os.Args[0])
	process.Env = append(append(os.Environ(), mountEnv+"="+dir), env...)
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
	if err := process.Start(); err != nil {
		return nil, err
	}
	t.Cleanup(func() { must(t, errors.Join(in.Close(), process.Wait())) })
	d.dir = fmt.Sprintf("/proc/%d/root%s", process.Process.Pid, dir)
	return d, d.done()
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

// becomes has the file system become what is said.
func (d *disk) becomes(what string) {
	d.t.Helper()
	_, err := fmt.Fprintln(d.in, what)
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
