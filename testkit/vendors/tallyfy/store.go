package tallyfy

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// tenant is an organisation and all that belongs to it, in order of creation.
type tenant struct {
	Organization
	templates []*Template
	runs      []*Run
	tasks     []*Task
}

// store is everything a server holds. The server's lock guards it.
type store struct {
	seed    string
	issued  int // ids given out
	runs    int // processes ever launched
	tasks   int // tasks ever created
	users   map[int]*User
	tenants map[string]*tenant
}

func newStore(seed string) store {
	// The first process is number 5015, as in the vendor's examples.
	return store{seed: seed, runs: 5014, tasks: 20000, users: map[int]*User{}, tenants: map[string]*tenant{}}
}

// id returns the next id.
func (s *store) id() string {
	s.issued++
	return hexID(s.seed, strconv.Itoa(s.issued))
}

// hexID makes 32 hex digits of a name; equal names, equal digits.
func hexID(name ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(name, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// Seed adds data; what has the id of something there replaces it, and an organisation keeps its contents.
// A template of an unknown organisation is left out.
func (s *Server) Seed(data Data) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, org := range data.Organizations {
		org.Roles = maps.Clone(org.Roles)
		if known := s.store.tenants[org.ID]; known != nil {
			known.Organization = org
			continue
		}
		s.store.tenants[org.ID] = &tenant{Organization: org}
	}
	for _, user := range data.Users {
		s.store.users[user.ID] = &user
	}
	for _, template := range data.Templates {
		if org := s.store.tenants[template.Organization]; org != nil {
			org.templates = slices.DeleteFunc(org.templates, func(t *Template) bool { return t.ID == template.ID })
			org.templates = append(org.templates, &template)
		}
	}
}

// Template returns a template by its id.
func (s *Server) Template(id string) (Template, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, org := range s.store.tenants {
		if t := org.template(id); t != nil {
			return *t, true
		}
	}
	return Template{}, false
}

// Run returns a process by its id.
func (s *Server) Run(id string) (Run, bool) {
	for _, run := range s.Runs() {
		if run.ID == id {
			return run, true
		}
	}
	return Run{}, false
}

// Runs returns the processes of all organisations in the order of their launch.
func (s *Server) Runs() []Run {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Run
	for _, org := range s.store.tenants {
		for _, run := range org.runs {
			run := *run
			run.Prerun = maps.Clone(run.Prerun)
			all = append(all, run)
		}
	}
	slices.SortFunc(all, func(a, b Run) int { return a.Number - b.Number })
	return all
}

// Task returns a task by its id.
func (s *Server) Task(id string) (Task, bool) {
	return firstTask(s.tasksWhere(func(t *Task) bool { return t.ID == id }))
}

// Tasks returns the tasks of a process in the order of their steps; the one-off tasks for "".
func (s *Server) Tasks(run string) []Task {
	return s.tasksWhere(func(t *Task) bool { return t.Run == run })
}

func firstTask(tasks []Task) (Task, bool) {
	if len(tasks) == 0 {
		return Task{}, false
	}
	return tasks[0], true
}

// tasksWhere returns copies of the tasks that match, in the order of their creation.
func (s *Server) tasksWhere(match func(*Task) bool) []Task {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Task
	for _, org := range s.store.tenants {
		for _, task := range org.tasks {
			if match(task) {
				task := *task
				task.Values = maps.Clone(task.Values)
				task.Threads = slices.Clone(task.Threads)
				all = append(all, task)
			}
		}
	}
	slices.SortFunc(all, func(a, b Task) int { return a.Number - b.Number })
	return all
}

// template is the organisation's template with the id, or nil.
func (t *tenant) template(id string) *Template {
	return find(t.templates, func(t *Template) bool { return t.ID == id })
}

// run is the organisation's process with the id, or nil.
func (t *tenant) run(id string) *Run {
	return find(t.runs, func(r *Run) bool { return r.ID == id })
}

// task is the organisation's task with the id, or nil.
func (t *tenant) task(id string) *Task {
	return find(t.tasks, func(t *Task) bool { return t.ID == id })
}

// runTasks are the tasks of one process.
func (t *tenant) runTasks(run string) []*Task {
	return keep(t.tasks, func(t *Task) bool { return t.Run == run })
}

// find returns the first item that matches, or nil.
func find[T any](items []*T, match func(*T) bool) *T {
	if i := slices.IndexFunc(items, match); i >= 0 {
		return items[i]
	}
	return nil
}

// keep returns the items that match, in a new slice.
func keep[T any](items []*T, match func(*T) bool) []*T {
	var kept []*T
	for _, item := range items {
		if match(item) {
			kept = append(kept, item)
		}
	}
	return kept
}
