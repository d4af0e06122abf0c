package testkit

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"

	"patchbay/abi"
)

// Check looks for what is not in order without asking a vendor: the listing, the guest's code against the
// manifest, the documents and the cases.
func (s *Session) Check(ctx context.Context) Report {
	var r Report
	s.checkListing(&r)
	s.checkGuest(ctx, &r)
	s.checkDocuments(&r)
	s.checkCases(&r)
	return r
}

func (s *Session) checkListing(r *Report) {
	if s.m.Icon == "" {
		r.add("M001", Warning, "/icon", "add an SVG or PNG file and name it under icon", "the listing has no icon")
	}
	if s.m.Support.Email == "" && s.m.Support.URL == "" {
		r.add("M002", Warning, "/support", "add support: {url: https://…} or {email: …}", "users are not told where to find help")
	}
	if len(s.m.Auth) > 0 && s.m.Connection.Test == "" {
		r.add("A001", Error, "/connection/test", "register a test with sdk.Test and name it here", "nothing proves that a connection works")
	}
}

// checkGuest compares the operations that the manifest declares with those that the guest has code for.
func (s *Session) checkGuest(ctx context.Context, r *Report) {
	d, err := s.host.Describe(ctx, s.m.Ref())
	if err != nil {
		r.add("W001", Error, "guest", "run the guest's own tests; its registration must not fail", "the guest does not describe itself: %v", err)
		return
	}
	coded := map[abi.Operation]bool{}
	for _, op := range d.Operations {
		coded[op] = true
	}
	for _, op := range s.m.Operations() {
		if !coded[op] {
			r.add("W002", Error, "connector.yaml", "register it in the guest, or remove it from the manifest", "%s %s is declared, but the guest has no code for it", op.Kind, op.Name)
		}
		delete(coded, op)
	}
	for _, op := range d.Operations {
		if coded[op] {
			r.add("W003", Error, "guest", "declare it in the manifest, or remove it from the guest", "the guest has code for %s %s, which the manifest does not declare", op.Kind, op.Name)
		}
	}
}

func (s *Session) checkDocuments(r *Report) {
	readme := s.b.Contents().Readme
	if len(bytes.TrimSpace(readme)) == 0 {
		r.add("D001", Error, "README.md", "say what the connector does, how to connect, and what each action is for", "there is no README.md")
		return
	}
	for _, a := range s.m.Actions {
		if !bytes.Contains(readme, []byte(a.Name)) {
			r.add("D002", Warning, "README.md", "add a line for it", "action %s is not mentioned", a.Name)
		}
	}
}

// checkCases demands a case of success for every action.
func (s *Session) checkCases(r *Report) {
	covered := map[string]bool{}
	all := s.b.Contents().Cases
	for _, name := range slices.Sorted(maps.Keys(all)) {
		k, err := parseCase(name, all[name])
		if err != nil {
			r.add("O001", Error, "testdata/cases/"+name, "", "the case cannot be read: %v", err)
			continue
		}
		if k.call.Kind == abi.KindAction && k.want.fault == nil {
			covered[k.call.Operation] = true
		}
	}
	for i, a := range s.m.Actions {
		if !covered[a.Name] {
			r.add("O002", Error, fmt.Sprintf("/actions/%d", i),
				fmt.Sprintf("add testdata/cases/%s.txtar with a call, its HTTP exchanges and its output, see docs/cases.md", a.Name),
				"action %s has no case in which it succeeds", a.Name)
		}
	}
}
