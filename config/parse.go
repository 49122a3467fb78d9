package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"gopkg.in/yaml.v3"

	"custody"
)

const (
	defaultSchemaRefresh  = Duration(5 * time.Second)
	defaultSubjectRefresh = Duration(time.Minute)
)

// Load reads custody.yaml in a working directory.
func Load(dir string) (*Config, error) {
	data, err := ReadFile(dir)
	if err != nil {
		return nil, err
	}
	return Parse(FileName, data)
}

// spoken names a folder: the present one has a name too.
func spoken(dir string) string {
	if whole, err := filepath.Abs(dir); err == nil {
		return whole
	}
	return dir
}

// ReadFile gives the text of custody.yaml, at most MaxSize bytes of it.
func ReadFile(dir string) ([]byte, error) {
	f, err := os.Open(filepath.Join(dir, FileName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, custody.E(custody.CodeNotFound, "there is no custody.yaml in "+spoken(dir),
			"run custody init there, or name the working directory with --dir or CUSTODY_DIR")
	}
	if err != nil {
		return nil, &custody.Error{Code: custody.CodeUnavailable, Message: "custody.yaml cannot be read: " + err.Error(),
			Hint: "check who owns the working directory", Err: err}
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxSize+1))
}

// Parse reads the text of a configuration; file is its name in messages. Errors have
// CodeInvalid or CodeTooLarge and tell every mistake, each with its line.
func Parse(file string, data []byte) (*Config, error) {
	root, err := parseNode(file, data)
	if err != nil {
		return nil, err
	}
	c := Default()
	p := &decoder{file: file}
	if root != nil {
		p.value(root, valueOf(c))
	}
	c.check(p, root)
	if err := p.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// parseNode parses YAML into the node of its one document; nil when it is empty.
func parseNode(file string, data []byte) (*yaml.Node, error) {
	if len(data) > MaxSize {
		return nil, custody.E(custody.CodeTooLarge, fmt.Sprintf("%s is longer than %s", file, Size(MaxSize)),
			"a configuration is a few hundred lines; is this the right file?")
	}
	in := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	if err := in.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, custody.E(custody.CodeInvalid, file+": "+clip(err.Error()), "YAML indents with spaces, and a colon is followed by a space")
	}
	if err := in.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, custody.E(custody.CodeInvalid, file+" holds more than one document", "remove the lines with --- in it")
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return nil, nil
	}
	return doc.Content[0], nil
}

func valueOf(pointer any) reflect.Value { return reflect.ValueOf(pointer).Elem() }

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
