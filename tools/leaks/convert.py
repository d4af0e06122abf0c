"""Makes testkit/internal/leaks/rules.json of gitleaks' rules. Run it by hand when they are to be renewed:

    python3 tools/leaks/convert.py GITLEAKS_FOLDER VERSION > testkit/internal/leaks/rules.json

GITLEAKS_FOLDER is the module github.com/zricethezav/gitleaks/v8 as 'go mod download -json' lays it down.
"""
import hashlib, json, sys, tomllib

folder, version = sys.argv[1:]
text = open(folder + "/config/gitleaks.toml", "rb").read()
config = tomllib.loads(text.decode())


def allow(a):
    return {k: v for k, v in (("target", a.get("regexTarget")), ("regexes", a.get("regexes")), ("stopwords", a.get("stopwords"))) if v}


rules = []
for r in config["rules"]:
    if "regex" not in r or "path" in r and r["path"]:
        continue  # about files' names, which a bundle does not have
    lists = [allow(a) for a in r.get("allowlists", []) if a.get("condition", "OR") == "OR" and allow(a)]
    rules.append({k: v for k, v in (("id", r["id"]), ("regex", r["regex"]), ("keywords", r.get("keywords")), ("entropy", r.get("entropy")),
                                    ("group", r.get("secretGroup")), ("allow", lists)) if v})

json.dump({
    "source": "github.com/zricethezav/gitleaks/v8 " + version + ", config/gitleaks.toml", "license": "MIT, Copyright (c) 2019 Zachary Rice",
    "sha256": hashlib.sha256(text).hexdigest(), "allow": allow(config["allowlist"]), "rules": rules,
}, sys.stdout, indent=0, ensure_ascii=True)
print()
