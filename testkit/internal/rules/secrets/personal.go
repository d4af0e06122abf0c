package secrets

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var personal = []rule.Rule{
	inFiles(report.Rule{
		ID: "S009", Title: "E-mail addresses in what ships are nobody's", Severity: report.Warning,
		Rationale: "Answers that were recorded from a real account tell of real people.",
		Fix:       "use addresses below example.com, .example, .test or .invalid",
		Origin:    "Pipedream sampleEmit scrubbed of PII",
	}, strangers),
	inFiles(report.Rule{
		ID: "S010", Title: "Numbers of cards and accounts in what ships are nobody's", Severity: report.Warning,
		Rationale: "A number that passes its check may be somebody's.",
		Fix:       "use a vendor's published test numbers, or change a digit so that the check fails",
		Origin:    "Pipedream sampleEmit scrubbed of PII",
	}, numbers),
	inFiles(report.Rule{
		ID: "S011", Title: "Telephone numbers in what ships are nobody's", Severity: report.Note,
		Rationale: "Answers that were recorded from a real account tell of real people.",
		Fix:       "use numbers that are set aside for fiction, such as +1 202 555 0123 or +44 20 7946 0123",
		Origin:    "Pipedream sampleEmit scrubbed of PII",
	}, phones),
}

// inFiles makes a rule about the texts of cases, manifest and README. look returns what it finds, as it may be shown.
func inFiles(r report.Rule, look func(s *rule.Subject, text string) []string) rule.Rule {
	return rule.Look(r, func(s *rule.Subject, found rule.Found) {
		for _, f := range append(files(s), file{"README.md", s.Contents.Readme}, file{"connector.yaml", s.Contents.Manifest}) {
			all := look(s, string(f.text))
			slices.Sort(all)
			for _, what := range slices.Compact(all) {
				found(f.place, "%s", what)
			}
		}
	})
}

var address = regexp.MustCompile(`(?i)\b[a-z0-9][a-z0-9._%+-]{0,63}@((?:[a-z0-9-]+\.)+[a-z]{2,24})\b`)

// strangers are e-mail addresses that may be somebody's: the vendor's own and those set aside for examples are not.
func strangers(s *rule.Subject, text string) (all []string) {
	for _, m := range address.FindAllStringSubmatch(text, -1) {
		domain := strings.ToLower(m[1])
		if !fictional.MatchString(domain) && !slices.ContainsFunc(own(s), func(d string) bool { return domain == d || strings.HasSuffix(domain, "."+d) }) {
			all = append(all, m[0][:1]+"…@"+domain)
		}
	}
	return all
}

var fictional = regexp.MustCompile(`(^|\.)(example\.(com|org|net|edu)|example|test|invalid|localhost|local|acme\.com|contoso\.com|fabrikam\.com)$`)

// own are the domains of the vendor and of whoever helps.
func own(s *rule.Subject) (all []string) {
	m := s.Manifest
	for _, text := range []string{m.Homepage, m.Docs, m.Support.URL} {
		if u, err := url.Parse(text); err == nil && u.Hostname() != "" {
			all = append(all, rule.Domain(strings.ToLower(u.Hostname())))
		}
	}
	if _, domain, ok := strings.Cut(m.Support.Email, "@"); ok {
		all = append(all, strings.ToLower(domain))
	}
	return all
}

var (
	card  = regexp.MustCompile(`\b(?:\d[ -]?){12,18}\d\b`)
	iban  = regexp.MustCompile(`\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b`)
	phone = regexp.MustCompile(`\+\d{1,3}[ .-]?\(?\d{1,4}\)?(?:[ .-]?\d{2,4}){2,4}\b`)
)

// cards are the published test numbers, which look like all others.
var cards = []string{"4242424242424242", "4111111111111111", "4000056655665556", "5555555555554444", "5105105105105100", "378282246310005", "371449635398431", "6011111111111117", "4012888888881881"}

// numbers are those of cards and accounts that pass their checks.
func numbers(_ *rule.Subject, text string) (all []string) {
	for _, m := range card.FindAllString(text, -1) {
		digits := strings.NewReplacer(" ", "", "-", "").Replace(m)
		grouped := strings.ContainsAny(m, " -")
		if issued.MatchString(digits) && luhn(digits) && !slices.Contains(cards, digits) && (grouped || len(digits) == 16 || len(digits) == 15) {
			all = append(all, "a card number that begins with "+digits[:2]+" and has "+lengths[len(digits)]+" digits")
		}
	}
	for _, m := range iban.FindAllString(text, -1) {
		if plain := strings.ReplaceAll(m, " ", ""); len(plain) >= 15 && mod97(plain) && !strings.HasPrefix(plain, "GB82WEST") && plain != "DE89370400440532013000" {
			all = append(all, "an account number that begins with "+plain[:4])
		}
	}
	return all
}

// issued are the beginnings of card numbers.
var issued = regexp.MustCompile(`^(4|5[1-5]|2[2-7]|3[47]|6011|65|35)`)

var lengths = map[int]string{13: "13", 14: "14", 15: "15", 16: "16", 17: "17", 18: "18", 19: "19"}

// luhn is the check of card numbers.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			d *= 2
			d -= 9 * (d / 10)
		}
		sum += d
	}
	return sum%10 == 0
}

// mod97 is the check of account numbers (ISO 13616).
func mod97(plain string) bool {
	rest := 0
	for _, r := range plain[4:] + plain[:4] {
		if r >= 'A' {
			rest = (rest*100 + int(r-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(r-'0')) % 97
		}
	}
	return rest == 1
}

// phones are international numbers, but for those set aside for fiction.
func phones(_ *rule.Subject, text string) (all []string) {
	for _, m := range phone.FindAllString(text, -1) {
		digits := strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "", "+", "").Replace(m)
		if len(digits) >= 10 && len(digits) <= 15 && !strings.Contains(digits, "55501") && !strings.Contains(digits, "79460") && !strings.Contains(digits, "0000") && !strings.Contains(digits, "12345") {
			all = append(all, "a number that begins with "+m[:min(4, len(m))])
		}
	}
	return all
}
