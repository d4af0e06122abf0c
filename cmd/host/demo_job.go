package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"patchbay"
	"patchbay/build"
	"patchbay/bundle"
	"patchbay/host"
	"patchbay/internal/cli"
	"patchbay/registry"
	"patchbay/testkit"
	"patchbay/testkit/report"
)

// connectors are the two that the demo runs.
var connectors = []string{"tallyfy", "netsuite"}

// job is the main job, from source code to an approved order.
func (d *demo) job(ctx context.Context) error {
	bundles := map[string]*bundle.Bundle{}
	for _, name := range connectors {
		if err := d.build(ctx, name, bundles); err != nil {
			return err
		}
	}
	for _, name := range connectors {
		if err := d.check(ctx, bundles[name]); err != nil {
			return err
		}
	}
	if err := d.publish(ctx, bundles); err != nil {
		return err
	}
	if err := d.start(ctx); err != nil {
		return err
	}
	for _, name := range connectors {
		if err := errors.Join(d.install(ctx, name)); err != nil {
			return err
		}
		if err := d.connect(ctx, name); err != nil {
			return err
		}
	}
	return d.approve(ctx)
}

func (d *demo) build(ctx context.Context, name string, bundles map[string]*bundle.Bundle) error {
	return d.step("build "+name, func() (string, error) {
		src := filepath.Join(d.cache, "demo-src", name)
		// What an older release laid down and this one does not have must not be compiled.
		if err := os.RemoveAll(src); err != nil {
			return "", err
		}
		if err := patchbay.WriteConnectors(src); err != nil {
			return "", err
		}
		b, err := build.Connector(ctx, filepath.Join(src, "plugins", name), build.Options{WorkDir: filepath.Join(d.cache, "build", "demo-"+name)})
		if err != nil {
			return "", err
		}
		bundles[name] = b
		return fmt.Sprintf("%s, %.1f MiB", b.Ref(), float64(b.Size())/(1<<20)), nil
	})
}

func (d *demo) check(ctx context.Context, b *bundle.Bundle) error {
	return d.step("check "+b.Manifest().Name, func() (detail string, err error) {
		r, err := testkit.Certify(ctx, b, testkit.Options{CacheDir: d.cache, Static: true})
		if err != nil {
			return "", err
		}
		cases, err := testkit.Cases(ctx, b, "", d.cache)
		if err != nil {
			return "", err
		}
		for _, f := range r.Findings {
			if f.Severity == report.Error {
				return "", errors.New(f.String())
			}
		}
		for _, c := range cases {
			if !c.OK {
				return "", fmt.Errorf("%s: %s", c.Name, c.Reason)
			}
		}
		return fmt.Sprintf("%d cases in the sandbox, %d finding(s)", len(cases), len(r.Findings)), nil
	})
}

// publish signs with a key that lives as long as the demo's folder.
func (d *demo) publish(ctx context.Context, bundles map[string]*bundle.Bundle) error {
	return d.step("sign and publish", func() (string, error) {
		r, err := registry.Open(cli.RegistryDir(d.dir))
		if err != nil {
			return "", err
		}
		key, err := bundle.GenerateKey("patchbay")
		if err != nil {
			return "", err
		}
		for _, name := range connectors {
			envelope, err := bundle.Sign(bundles[name], key)
			if err != nil {
				return "", err
			}
			if _, err := r.Publish(ctx, bundles[name], envelope, key.Public(), registry.PublishOptions{}); err != nil {
				return "", err
			}
		}
		return "key " + key.Public().Fingerprint(), nil
	})
}

// start opens the host and serves the vendors.
func (d *demo) start(ctx context.Context) error {
	return d.step("start the vendors", func() (string, error) {
		var err error
		if d.app, err = open(ctx, d.dir, d.cache, nil); err != nil {
			return "", err
		}
		for _, name := range connectors {
			v, err := newVendorServer(name)
			if err != nil {
				return "", err
			}
			srv, err := serve(ctx, v, "127.0.0.1:0")
			if err != nil {
				return "", err
			}
			d.vendors[name], d.served[name] = v, srv
		}
		return "on loopback", nil
	})
}

func (d *demo) install(ctx context.Context, name string) error {
	return d.step("install "+name, func() (string, error) {
		got, err := fetch(ctx, d.app, name, cli.RegistryDir(d.dir))
		if err != nil {
			return "", err
		}
		_, err = got.install(ctx, d.app)
		return "signature verified", err
	})
}

func (d *demo) connect(ctx context.Context, name string) error {
	return d.step("connect "+name, func() (string, error) {
		v := d.vendors[name]
		values := maps.Clone(v.fields)
		maps.Copy(values, v.access[0].secrets) // the connector's first method: a token
		_, err := d.app.host.Connect(ctx, host.ConnectRequest{
			Connector: name, Values: values, URLs: map[string]string{v.grant: d.served[name].base}, AllowPrivate: true,
		})
		if err != nil {
			return "", err
		}
		_, err = d.app.host.Test(ctx, name)
		return "credential sealed, connection tested", err
	})
}

// run calls one operation and reads its output into out, unless that is nil.
func (d *demo) run(ctx context.Context, connector, operation string, input, out any) error {
	data, err := json.Marshal(input)
	if err != nil {
		return err
	}
	r, err := d.app.host.Run(ctx, host.Call{Connector: connector, Operation: operation, Input: data})
	if err != nil {
		return fmt.Errorf("%s.%s: %w", connector, operation, err)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(host.Output(r), out)
}
