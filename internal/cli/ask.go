package cli

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Confirm asks a yes-or-no question on the terminal; anything but yes is no. Call it only when
// [Streams.Interactive] says so.
func (s *Streams) Confirm(question string) (bool, error) {
	fmt.Fprintf(s.Err, "%s [y/N] ", question)
	line, err := s.answer()
	if err != nil {
		return false, err
	}
	line = strings.ToLower(line)
	return line == "y" || line == "yes", nil
}

// Ask asks for one line on the terminal; an empty answer is def.
func (s *Streams) Ask(question, def string) (string, error) {
	if def != "" {
		question += " (" + def + ")"
	}
	fmt.Fprintf(s.Err, "%s: ", question)
	line, err := s.answer()
	if err != nil {
		return "", err
	}
	if line == "" {
		return def, nil
	}
	return line, nil
}

// AskSecret asks for one line without showing it, or for the lines of a key in PEM, which are pasted at once. An answer
// of @FILE stands for the file's content.
func (s *Streams) AskSecret(label string) (string, error) {
	answer, err := s.hidden(label)
	if err != nil || !strings.HasPrefix(answer, "@") {
		return answer, err
	}
	return s.ReadSecret(label, "", answer)
}

func (s *Streams) hidden(label string) (string, error) {
	f, ok := s.In.(*os.File)
	if !ok {
		return s.Ask(label, "")
	}
	fmt.Fprintf(s.Err, "%s (not shown): ", label)
	fd := int(f.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("read the secret from the terminal: %w", err)
	}
	s.asking.Store(&question{restore: func() { _ = term.Restore(fd, before) }})
	answer, err := readHidden(func() ([]byte, error) { return term.ReadPassword(fd) })
	s.asking.Store(nil)
	fmt.Fprintln(s.Err)
	if err != nil {
		return "", fmt.Errorf("read the secret from the terminal: %w", err)
	}
	return answer, nil
}

// readHidden reads a line, and after the first line of a PEM block the rest of it: what was left would go to the next
// question, or to the shell and its history.
func readHidden(line func() ([]byte, error)) (string, error) {
	b, err := line()
	text := strings.TrimSpace(string(b))
	if !strings.HasPrefix(text, "-----BEGIN ") {
		return text, err
	}
	for last := ""; err == nil && !strings.HasPrefix(last, "-----END "); text += "\n" + last {
		b, err = line()
		last = strings.TrimSpace(string(b))
	}
	return text, err
}

// question is one that waits for its answer.
type question struct{ restore func() }

// answer reads one line.
func (s *Streams) answer() (string, error) {
	s.asking.Store(&question{restore: func() {}})
	defer s.asking.Store(nil)
	return readLine(s.In)
}

// interrupted ends the process at once when it waits for an answer: nothing is under way then, and a read from
// the terminal cannot be called off.
func (s *Streams) interrupted() {
	if q := s.asking.Load(); q != nil {
		q.restore()
		fmt.Fprintln(s.Err)
		os.Exit(ExitInterrupted)
	}
}

// readLine reads up to a line feed without taking what follows it, so that the next question finds it.
func readLine(r io.Reader) (string, error) {
	if br, ok := r.(*bufio.Reader); ok {
		line, err := br.ReadString('\n')
		return strings.TrimSpace(line), ignoreEOF(err, line)
	}
	var b strings.Builder
	buf := make([]byte, 1)
	for {
		n, err := r.Read(buf)
		if n == 1 && buf[0] != '\n' {
			b.WriteByte(buf[0])
		}
		if n == 1 && buf[0] == '\n' {
			return strings.TrimSpace(b.String()), nil
		}
		if err != nil {
			return strings.TrimSpace(b.String()), ignoreEOF(err, b.String())
		}
	}
}

func ignoreEOF(err error, line string) error {
	switch {
	case err != io.EOF:
		return err
	case line == "":
		return fmt.Errorf("read the answer: the input has ended: %w", io.ErrUnexpectedEOF)
	}
	return nil
}
