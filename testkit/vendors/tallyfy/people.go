package tallyfy

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// getMe answers GET /me.
func (s *Server) getMe(c *call) reply {
	v := userView(c.user, "")
	delete(v, "role")
	return one(http.StatusOK, v)
}

// listOrganizations answers GET /me/organizations with those the user belongs to.
func (s *Server) listOrganizations(c *call) reply {
	var mine []*tenant
	for _, org := range s.store.tenants {
		if org.Roles[c.user.ID] != "" {
			mine = append(mine, org)
		}
	}
	slices.SortFunc(mine, func(a, b *tenant) int { return strings.Compare(a.Name, b.Name) })
	return page(s, c, mine, defaultPage, orgView)
}

// getOrganization answers GET /organizations/{org}.
func (s *Server) getOrganization(c *call) reply { return one(http.StatusOK, orgView(c.org)) }

func orgView(org *tenant) object {
	return object{"id": org.ID, "name": org.Name, "created_at": "2025-01-01T00:00:00Z"}
}

// listUsers answers GET /users. q searches names and addresses.
func (s *Server) listUsers(c *call) reply {
	var members []*User
	q := strings.ToLower(c.query("q"))
	for id := range c.org.Roles {
		if user := s.store.users[id]; user != nil && strings.Contains(user.words(), q) {
			members = append(members, user)
		}
	}
	slices.SortFunc(members, func(a, b *User) int { return a.ID - b.ID })
	return page(s, c, members, defaultUsers, func(u *User) object { return userView(u, c.org.Roles[u.ID]) })
}

// words is the text that a search of users looks in.
func (u *User) words() string { return strings.ToLower(u.FullName() + " " + u.Email) }

// getUser answers GET /users/{id}, for admins only.
func (s *Server) getUser(c *call) reply {
	if !c.admin() {
		return forbidden()
	}
	id, err := strconv.Atoi(c.r.PathValue("id"))
	user := s.store.users[id]
	if err != nil || user == nil || c.org.Roles[id] == "" {
		return noResource("User")
	}
	return one(http.StatusOK, userView(user, c.org.Roles[id]))
}

func userView(u *User, role string) object {
	return object{
		"id": u.ID, "email": u.Email, "username": u.Email, "first_name": u.FirstName, "last_name": u.LastName,
		"full_name": u.FullName(), "profile_pic": nil, "country_id": nil, "is_active": true,
		"last_login_at": nil, "activated_at": "2025-01-01T00:00:00Z", "type": "member",
		"created_at": "2025-01-01T00:00:00Z", "updated_at": "2025-01-01T00:00:00Z",
		"phone": nil, "job_title": nil, "timezone": "UTC", "UTC_offset": "+00:00", "role": role,
		"status": "active", "date_format": nil, "is_default_admin": false,
	}
}

// ownersView shows assignees, users with their names.
func (s *Server) ownersView(o Owners) object {
	users := []object{}
	for _, id := range o.Users {
		if user := s.store.users[id]; user != nil {
			users = append(users, object{"id": id, "full_name": user.FullName(), "profile_pic": nil})
		}
	}
	return object{"users": users, "guests": list(o.Guests), "groups": list(o.Groups)}
}
