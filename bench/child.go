package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// Some figures are of a whole process: this program is started once more for them, with the task in its environment.
const taskVariable = "PATCHBAY_BENCH_TASK"

// task is what a child does. Its answer is one line of JSON on standard output.
type task struct {
	Do        string // "idle" or "start"
	Engine    string // name of a subject
	Guest     string // path of the module
	Cache     string // folder of compiled code
	Instances int    // of "idle"

	TrimAfter time.Duration // of "idle": until an instance gives its private memory back
}

// runTask does the task of this process, if it has one, and does not return then.
func runTask() {
	text, ok := os.LookupEnv(taskVariable)
	if !ok {
		return
	}
	if err := doTask(context.Background(), text); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func doTask(ctx context.Context, text string) error {
	var t task
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	switch t.Do {
	case "start":
		return startTask(ctx, t, out)
	case "idle":
		return idleTask(ctx, t, out)
	}
	return fmt.Errorf("a task called %q", t.Do)
}

// child starts a process for a task, decodes its answer, and returns how long that took from the start on. The process
// has ended then.
func child(ctx context.Context, t task, answer any) (time.Duration, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	text, err := json.Marshal(t)
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(cmd.Environ(), taskVariable+"="+string(text))
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	err = json.NewDecoder(out).Decode(answer)
	took := time.Since(start)
	if waited := cmd.Wait(); waited != nil {
		err = fmt.Errorf("child for %s: %w: %s", t.Do, waited, bytes.TrimSpace(said.Bytes()))
	}
	return took, err
}
