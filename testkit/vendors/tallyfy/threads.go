package tallyfy

import "net/http"

// comment answers POST /tasks/{task}/comment.
func (s *Server) comment(c *call) reply { return s.post(c, "comment") }

// raiseIssue answers POST /tasks/{task}/problem. Until it is resolved, the task cannot be completed.
func (s *Server) raiseIssue(c *call) reply { return s.post(c, "problem") }

// resolveIssue answers POST /tasks/{task}/resolved-threads.
func (s *Server) resolveIssue(c *call) reply {
	return c.onTask(func(task *Task) reply {
		if !task.frozen() {
			return refused("This task has no open issue.")
		}
		return s.post(c, "resolve")
	})
}

// post files a thread of the label on the task that the path names.
func (s *Server) post(c *call, label string) reply {
	return c.onTask(func(task *Task) reply {
		f, ok := c.form()
		if !ok {
			return notJSON()
		}
		f.require("content")
		thread := Thread{Content: f.text("content", "", 30000), Label: label, Author: c.user.ID, Created: c.now}
		if refusal, failed := f.failed(); failed {
			return refusal
		}
		thread.ID = s.store.id()
		task.Threads = append(task.Threads, thread)
		return one(http.StatusCreated, threadView(thread))
	})
}

func threadView(t Thread) object {
	return object{
		"id": t.ID, "content": t.Content, "label": t.Label, "author_id": t.Author, "created_at": stamp(t.Created),
	}
}
