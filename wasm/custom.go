package wasm

// This file reads custom sections (core specification 5.5.3). Hosts may ignore them; runtimes read the
// one called "name" to describe traps, and with the same trust in its counts as anywhere.

const nameSection = "name"

func (s *scanner) customSection() {
	start := s.pos
	s.customBytes += uint64(s.left())
	s.limit(start, s.customBytes, MaxCustomBytes, "bytes of custom sections")
	s.limit(start, uint64(len(s.module.Custom)+1), MaxCustom, "custom sections")
	name := s.name("name of the section")
	s.module.Custom = append(s.module.Custom, name)
	if name != nameSection {
		s.skip(s.left(), "section")
		return
	}
	if s.named {
		s.malformed(start, "a second section %q", nameSection)
	}
	s.named = true
	s.names = span{s.pos, s.end}
	for s.more() {
		s.nameSubsection()
	}
}

// Subsections of the section "name" (appendix 7.4.1).
const (
	namesModule = iota
	namesFunctions
	namesLocals
)

func (s *scanner) nameSubsection() {
	id := s.byte("id of the subsection")
	outer := s.enter(s.uint32("size of the subsection"), "subsection")
	switch id {
	case namesModule:
		s.text(MaxCustomBytes, "module's name")
	case namesFunctions:
		s.nameMap("named functions")
	case namesLocals:
		for n := s.count(2, MaxCustomBytes, "functions with named locals"); n > 0 && s.err == nil; n-- {
			s.uint32("index of the function")
			s.nameMap("named locals")
		}
	default:
		s.skip(s.left(), "subsection")
	}
	s.leave(outer, "subsection")
}

func (s *scanner) nameMap(what string) {
	for n := s.count(2, MaxCustomBytes, what); n > 0 && s.err == nil; n-- {
		s.uint32("index")
		s.text(MaxCustomBytes, "name")
	}
}
