package rule

import (
	"slices"
	"strings"
)

// registries are domains below which everybody may register names, and of which one label more is needed to name an
// owner. The public suffix list has thousands; these are the ones that vendors of APIs are found under.
var registries = strings.Fields("co.uk org.uk ac.uk gov.uk com.au net.au org.au co.nz co.jp ne.jp or.jp co.kr com.br com.cn com.hk com.mx com.tr com.sg " +
	"com.tw co.in co.za co.il com.ar com.my github.io gitlab.io herokuapp.com vercel.app netlify.app web.app firebaseapp.com pages.dev workers.dev " +
	"azurewebsites.net cloudfront.net amazonaws.com run.app fly.dev onrender.com appspot.com")

// Domain is the part of a host name, in lower case, that somebody has registered.
func Domain(host string) string {
	labels := strings.Split(host, ".")
	n := 2
	if len(labels) > 2 && slices.Contains(registries, strings.Join(labels[len(labels)-2:], ".")) {
		n = 3
	}
	return strings.Join(labels[max(0, len(labels)-n):], ".")
}
