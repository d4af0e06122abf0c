package tallyfy

import (
	"net/http"
	"strconv"
	"strings"
)

// LinkForm is a form in which meta.pagination.links is seen. All but the first say nothing about further
// pages: only current_page and total_pages do.
type LinkForm string

const (
	// LinksObject is {"previous": ..., "next": ...}, with only those that exist.
	LinksObject LinkForm = ""
	// LinksList is [].
	LinksList LinkForm = "list"
	// LinksNull is null.
	LinksNull LinkForm = "null"
	// LinksMissing leaves the property out.
	LinksMissing LinkForm = "missing"
)

const (
	defaultPage  = 10
	defaultUsers = 9999
	maxPage      = 100
)

// page answers the part of the items that the call asks for, each shown by show, size items a page unless
// the call says otherwise.
func page[T any](s *Server, c *call, items []T, size int, show func(T) object) reply {
	if c.query("without_pagination") == "true" {
		return reply{status: http.StatusOK, body: object{"data": shown(items, show)}}
	}
	if n, err := strconv.Atoi(c.query("per_page")); err == nil && n > 0 {
		size = min(n, maxPage)
	}
	number, err := strconv.Atoi(c.query("page"))
	if err != nil || number < 1 {
		number = 1
	}
	pages := max(1, (len(items)+size-1)/size)
	part := []T{}
	if number <= pages {
		part = items[(number-1)*size : min(number*size, len(items))]
	}
	meta := object{
		"total": len(items), "count": len(part), "per_page": size, "current_page": number, "total_pages": pages,
	}
	s.link(c, meta, number, pages)
	return reply{status: http.StatusOK, body: object{
		"data": shown(part, show), "meta": object{"pagination": meta},
	}}
}

// link adds the page's links in the form that the server is set to.
func (s *Server) link(c *call, meta object, number, pages int) {
	switch s.config.Links {
	case LinksMissing:
		return
	case LinksNull:
		meta["links"] = nil
		return
	case LinksList:
		meta["links"] = []any{}
		return
	}
	links := object{}
	if number > 1 {
		links["previous"] = c.pageURL(number - 1)
	}
	if number < pages {
		links["next"] = c.pageURL(number + 1)
	}
	meta["links"] = links
}

// pageURL is the call's own address with another page number.
func (c *call) pageURL(number int) string {
	query := c.r.URL.Query()
	query.Set("page", strconv.Itoa(number))
	return c.base + strings.TrimPrefix(c.r.URL.EscapedPath(), "/api") + "?" + query.Encode()
}

// shown is the JSON of every item.
func shown[T any](items []T, show func(T) object) []object {
	out := make([]object, 0, len(items))
	for _, item := range items {
		out = append(out, show(item))
	}
	return out
}
