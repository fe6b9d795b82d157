package journal

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// keepAside keeps a file in the directory dir, if there is anything in it, in a new
// place there, durably. Replacing or removing the original file does not change the kept
// one. It takes no room on a disk where a file can have two names. A directory is moved
// there.
func keepAside(dir, file, place string) error {
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 && !info.IsDir() {
		return nil
	}
	if err == nil {
		err = os.MkdirAll(filepath.Dir(place), 0o700)
	}
	if err != nil {
		return err
	}
	switch {
	case info.IsDir(): // which may have only one name
		if err := os.Rename(file, place); err != nil {
			return err
		}
	case os.Link(file, place) != nil:
		if err := copyFile(file, place); err != nil {
			return errors.Join(err, os.Remove(place))
		}
	}
	for part := place; ; part = filepath.Dir(part) {
		if err := syncPath(part); err != nil || part == filepath.Clean(dir) {
			return err
		}
	}
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return errors.Join(err, in.Close())
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close(), in.Close())
}

// newFile is behind the name of a file that is to take another one's place.
const newFile = ".tmp"

// writeNew writes the file that will replace another, and leaves nothing if it fails.
func writeNew(file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.Create(file + newFile)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(file+newFile))
	}
	return nil
}

// takeNew replaces the file with the one that writeNew wrote, durably.
func takeNew(file string) error {
	if err := os.Rename(file+newFile, file); err != nil {
		return err
	}
	return syncPath(filepath.Dir(file))
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
