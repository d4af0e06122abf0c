package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const timeFormat = "2006-01-02T15:04:05.000Z"

// statement is what a note says of the log: the note of a chunk if it has leaves, else a checkpoint.
type statement struct {
	tree   tree
	time   time.Time
	leaves []tlog.Hash // of the chunk
	last   int64       // first entry of the last chunk
}

func (s statement) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%d\n%s\n%s\nsubtrees", name, s.tree.size, s.tree.root(), s.time.UTC().Format(timeFormat))
	for _, h := range s.tree.subtrees {
		b.WriteString(" " + h.String())
	}
	if len(s.leaves) == 0 {
		fmt.Fprintf(&b, "\nlast %d\n", s.last)
		return b.String()
	}
	b.WriteString("\nentries")
	for _, h := range s.leaves {
		b.WriteString(" " + h.String())
	}
	return b.String() + "\n"
}

func (s statement) sign(signer note.Signer) ([]byte, error) {
	return note.Sign(&note.Note{Text: s.text()}, signer)
}

// Reasons for a note not to count.
var (
	errForged    = errors.New("its signature is wrong: it was changed, or another key signed it")
	errMalformed = errors.New("it is not written as this program writes it")
)

// openNote returns what a note says that key has signed. Of several ways to write the same note one is taken, so
// that no bit of it can change unseen.
func openNote(data []byte, key note.Verifier) (statement, error) {
	n, err := note.Open(data, note.VerifierList(key))
	if err != nil || len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 {
		return statement{}, errForged
	}
	sig, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
	if err != nil || string(data) != fmt.Sprintf("%s\n— %s %s\n", n.Text, name, base64.StdEncoding.EncodeToString(sig)) {
		return statement{}, errMalformed
	}
	s, err := parseText(n.Text)
	if err != nil || s.text() != n.Text {
		return statement{}, errMalformed
	}
	return s, nil
}

func parseText(text string) (s statement, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 7 {
		return s, errMalformed
	}
	size, err1 := strconv.ParseInt(lines[1], 10, 64)
	signed, err2 := time.Parse(timeFormat, lines[3])
	subtrees, err3 := parseHashes(lines[4], "subtrees")
	s = statement{tree: tree{size: size, subtrees: subtrees}, time: signed}
	var err4 error
	if last, ok := strings.CutPrefix(lines[5], "last "); ok {
		s.last, err4 = strconv.ParseInt(last, 10, 64)
	} else {
		s.leaves, err4 = parseHashes(lines[5], "entries")
	}
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return s, err
	}
	if !s.tree.sound() || s.last < 0 || s.last > size || int64(len(s.leaves)) > size {
		return s, errMalformed
	}
	return s, nil
}

func parseHashes(line, word string) (hashes []tlog.Hash, err error) {
	rest, ok := strings.CutPrefix(line, word)
	if !ok {
		return nil, errMalformed
	}
	for i, text := range strings.Split(rest, " ") {
		if i == 0 { // before the first space
			continue
		}
		h, err := tlog.ParseHash(text)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, h)
	}
	return hashes, nil
}
