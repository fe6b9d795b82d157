package disk

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// An ext4 is a file system in a file, which can break while files are open.
type ext4 struct{ dir, image, device string }

func (e *ext4) mount() error {
	out, err := exec.Command("losetup", "--find", "--show", e.image).Output()
	if err != nil {
		return fmt.Errorf("losetup: %w", err)
	}
	e.device = strings.TrimSpace(string(out))
	err = syscall.Mount(e.device, e.dir, "ext4", 0, "errors=remount-ro")
	// From now on the device is free again as soon as it is not mounted any more.
	return errors.Join(err, exec.Command("losetup", "--detach", e.device).Run())
}

func (e *ext4) become(what string) error {
	switch what {
	case readOnly: // what the kernel does after an error
		trigger := filepath.Join("/sys/fs/ext4", filepath.Base(e.device), "trigger_fs_error")
		return os.WriteFile(trigger, []byte("1"), 0)
	case broken:
		return e.control(0x8004587d, 2) // EXT4_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH
	case stuck:
		return e.control(0xc0045877, 0) // FIFREEZE
	case thawed:
		return e.control(0xc0045878, 0) // FITHAW
	case well:
		return e.replace()
	}
	return fmt.Errorf("%q means nothing", what)
}

// control makes a request about the whole file system (ioctl).
func (e *ext4) control(request uintptr, argument uint32) error {
	dir, err := os.Open(e.dir)
	if err != nil {
		return err
	}
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, dir.Fd(), request, uintptr(unsafe.Pointer(&argument)))
	err = dir.Close()
	if errno != 0 {
		return errno
	}
	return err
}

// replace mounts what is on the disk now in place of the file system that broke.
func (e *ext4) replace() error {
	if err := syscall.Unmount(e.dir, syscall.MNT_DETACH); err != nil {
		return err
	}
	data, err := os.ReadFile(e.image)
	if err != nil {
		return err
	}
	e.image += "+" // files of the other may still be open
	if err := os.WriteFile(e.image, data, 0o600); err != nil {
		return err
	}
	return e.mount()
}

// newExt4 mounts a file system in a file. Only root may, where there are loop devices.
func newExt4(t *testing.T) *disk {
	t.Helper()
	image := filepath.Join(t.TempDir(), "image")
	err := os.WriteFile(image, nil, 0o600)
	err = errors.Join(err, os.Truncate(image, 16<<20), exec.Command("mkfs.ext4", "-q", "-F", image).Run())
	var d *disk
	if err == nil {
		d, err = mounted(t, imageEnv+"="+image)
	}
	if err != nil {
		t.Skipf("LEFT OUT: no ext4 can be mounted here (that needs root and a loop device): %v", err)
	}
	return d
}

// TestDiskBreaks: the file system becomes read-only, or gives I/O errors, while people
// talk; then it is mounted anew. Or every write is stuck for a while.
func TestDiskBreaks(t *testing.T) {
	t.Parallel()
	for _, f := range []struct{ how, reason, end string }{
		{readOnly, "read-only file system", well},
		{broken, "input/output error", well},
		{stuck, "deadline exceeded", thawed},
	} {
		t.Run(f.how, func(t *testing.T) {
			t.Parallel()
			d := newExt4(t)
			h := open(t, d.dir, nil)
			h.Talk()
			h.healthy()
			h.began = time.Now()
			d.becomes(f.how)
			h.refused(keys, key)
			h.unhealthy(f.reason)
			d.becomes(f.end)
			t.Logf("healthy %s after the disk was well again", h.healthy())
			h.goesOn()
		})
	}
}
