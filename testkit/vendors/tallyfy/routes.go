package tallyfy

import "net/http"

// applications is where those that are no user may ask.
const applications = "/api/applications/"

// routes fills the mux. The catch-all pattern has no method, so a known path with another method is
// unknown too.
func (s *Server) routes() {
	const org = "/api/organizations/{org}"
	for pattern, run := range map[string]endpoint{
		"GET /api/me":                s.getMe,
		"GET /api/me/organizations":  s.listOrganizations,
		"GET " + org:                 s.getOrganization,
		"GET " + org + "/users":      s.listUsers,
		"GET " + org + "/users/{id}": s.getUser,

		"GET " + org + "/checklists":                  s.listTemplates,
		"GET " + org + "/checklists/{id}":             s.getTemplate,
		"GET " + org + "/checklists/{id}/steps":       s.listSteps,
		"GET " + org + "/checklists/{id}/form-fields": s.listTemplateFields,

		"POST " + org + "/runs":                  s.launch,
		"GET " + org + "/runs":                   s.listRuns,
		"GET " + org + "/runs/{run}":             s.getRun,
		"PUT " + org + "/runs/{run}":             s.updateRun,
		"GET " + org + "/runs/{run}/tasks":       s.listRunTasks,
		"GET " + org + "/runs/{run}/form-fields": s.listRunFields,

		"GET " + org + "/tasks":                   s.listTasks,
		"GET " + org + "/me/tasks":                s.listMyTasks,
		"POST " + org + "/tasks":                  s.createTask,
		"GET " + org + "/tasks/{task}":            s.getTask,
		"PUT " + org + "/tasks/{task}":            s.updateOneOff,
		"GET " + org + "/runs/{run}/tasks/{task}": s.getTask,
		"PUT " + org + "/runs/{run}/tasks/{task}": s.updateRunTask,
		"POST " + org + "/tasks/{task}/captures":  s.saveCapture,

		"POST " + org + "/completed-tasks":                     s.completeTask,
		"DELETE " + org + "/completed-tasks/{task}":            s.reopenTask,
		"POST " + org + "/runs/{run}/completed-tasks":          s.completeTask,
		"DELETE " + org + "/runs/{run}/completed-tasks/{task}": s.reopenTask,

		"POST " + org + "/tasks/{task}/comment":          s.comment,
		"POST " + org + "/tasks/{task}/problem":          s.raiseIssue,
		"POST " + org + "/tasks/{task}/resolved-threads": s.resolveIssue,

		"POST " + applications + "{org}/users/{email}/token": s.exchange,
	} {
		s.mux.HandleFunc(pattern, s.handle(run))
	}
	if s.config.Legacy {
		s.legacyRoutes()
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Tallyfy-Client") == "" {
			unauthenticated().write(w)
			return
		}
		noEndpoint().write(w)
	})
}
