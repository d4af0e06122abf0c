package codecache

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// version begins every entry, and what its code of authentication is made from.
const version = "patchbay code 1\n"

const headerSize = len(version) + sha256.Size

func (s *Store) header(name string, blob []byte) []byte {
	h := hmac.New(sha256.New, s.key)
	io.WriteString(h, version)
	io.WriteString(h, name) // of a fixed length
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(blob))))
	h.Write(blob)
	return h.Sum([]byte(version))
}

func (s *Store) genuine(name string, entry []byte) bool {
	return len(entry) >= headerSize && hmac.Equal(entry[:headerSize], s.header(name, entry[headerSize:]))
}

// read reads a file once: what is checked is what is returned, whatever happens to the file meanwhile.
func read(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|plainOnly, 0)
	if notPlain(err) {
		return nil, fmt.Errorf("%w: it is a link or a socket", ErrTampered)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > int64(headerSize+maxBlob) {
		return nil, fmt.Errorf("%w: it is no file of at most %d bytes", ErrTampered, headerSize+maxBlob)
	}
	entry := make([]byte, info.Size())
	_, err = io.ReadFull(f, entry)
	return entry, err
}
