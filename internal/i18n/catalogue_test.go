package i18n_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template/parse"

	"github.com/BurntSushi/toml"

	"kopiyka/internal/i18n"
	"kopiyka/templates"
)

// forms are the plural forms that CLDR gives each language.
var forms = map[i18n.Lang][]string{
	i18n.UK: {"few", "many", "one", "other"},
	i18n.EN: {"one", "other"},
}

// message is a catalogue's entry by plural form; a message that counts nothing has "other".
type message map[string]string

func (m message) counts() bool { return len(m) > 1 }

func catalogue(t *testing.T, l i18n.Lang) map[string]message {
	t.Helper()
	files, err := filepath.Glob("catalogue/*." + string(l) + ".toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("catalogues of %s: %v, %v", l, files, err)
	}
	all := map[string]message{}
	for _, file := range files {
		var entries map[string]any
		if _, err := toml.DecodeFile(file, &entries); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		group, _, _ := strings.Cut(filepath.Base(file), ".")
		for key, v := range entries {
			if !strings.HasPrefix(key, group+".") {
				t.Errorf("%s: key %q does not begin with its group", file, key)
			}
			if all[key] != nil {
				t.Errorf("%s: %q is there twice", file, key)
			}
			all[key] = read(t, key, v)
		}
	}
	return all
}

func read(t *testing.T, key string, v any) message {
	t.Helper()
	switch v := v.(type) {
	case string:
		return message{"other": v}
	case map[string]any:
		m := message{}
		for form, text := range v {
			s, ok := text.(string)
			if !ok {
				t.Errorf("%q: form %s is no text", key, form)
			}
			m[form] = s
		}
		return m
	}
	t.Errorf("%q is neither a text nor plural forms; write keys flat, in quotes", key)
	return nil
}

var placeholder = regexp.MustCompile(`\.([A-Z])\b`)
var action = regexp.MustCompile(`\{\{[^}]*\}\}`)

// placeholders are the arguments that any form of a message uses.
func placeholders(m message) []string {
	used := map[string]bool{}
	for _, text := range m {
		for _, a := range action.FindAllString(text, -1) {
			for _, p := range placeholder.FindAllStringSubmatch(a, -1) {
				used[p[1]] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(used))
}

func TestCataloguesSayTheSameThings(t *testing.T) {
	uk, en := catalogue(t, i18n.UK), catalogue(t, i18n.EN)
	for key, m := range uk {
		other, ok := en[key]
		if !ok {
			t.Errorf("%q is not in English", key)
			continue
		}
		if m.counts() != other.counts() {
			t.Errorf("%q counts in one language alone", key)
		}
		if a, b := placeholders(m), placeholders(other); !slices.Equal(a, b) {
			t.Errorf("%q has arguments %v in Ukrainian and %v in English", key, a, b)
		}
	}
	for key := range en {
		if uk[key] == nil {
			t.Errorf("%q is not in Ukrainian", key)
		}
	}
}

func TestMessagesThatCountHaveEveryPluralForm(t *testing.T) {
	for _, l := range i18n.Langs() {
		for key, m := range catalogue(t, l) {
			if got := slices.Sorted(maps.Keys(m)); m.counts() && !slices.Equal(got, forms[l]) {
				t.Errorf("%s %q has forms %v, want %v", l, key, got, forms[l])
			}
			for form, text := range m {
				if strings.TrimSpace(text) == "" {
					t.Errorf("%s %q: form %s is empty", l, key, form)
				}
			}
		}
	}
}

// Every message is put together once, so that a slip inside its braces is found here.
func TestEveryMessageCanBeSaid(t *testing.T) {
	for _, l := range i18n.Langs() {
		for key, m := range catalogue(t, l) {
			args := []any{"a", "b", "c", "d", "e"}
			var err error
			if m.counts() {
				_, err = l.Plural(key, 5, args...)
			} else {
				_, err = l.Text(key, args...)
			}
			if err != nil {
				t.Errorf("%s: %v", l, err)
			}
		}
	}
}

// Habits of writing that a reader would notice and a translator might forget.
func TestMessagesKeepTheHouseStyle(t *testing.T) {
	banned := map[i18n.Lang]map[string]string{
		i18n.UK: {"!": "an exclamation mark", "'": "a straight apostrophe, write ’", `"`: "straight quotes, write « »", "№1": "№ without its space"},
		i18n.EN: {"!": "an exclamation mark", "'": "a straight apostrophe, write ’"},
	}
	for _, l := range i18n.Langs() {
		for key, m := range catalogue(t, l) {
			for _, text := range m {
				text = action.ReplaceAllString(text, "")
				for what, why := range banned[l] {
					if strings.Contains(text, what) {
						t.Errorf("%s %q has %s: %s", l, key, why, text)
					}
				}
			}
		}
	}
}

// use is where a key is asked for.
type use struct {
	where  string
	plural bool
}

func TestEveryKeyThatIsUsedExists(t *testing.T) {
	uk := catalogue(t, i18n.UK)
	check := func(key string, u use) {
		m, ok := uk[key]
		switch {
		case !ok:
			t.Errorf("%s: %q is in no catalogue", u.where, key)
		case m.counts() != u.plural:
			t.Errorf("%s: %q is asked for with the other of t and tn", u.where, key)
		}
	}
	inTemplates := templateKeys(t)
	if len(inTemplates) == 0 {
		t.Fatal("no template asks for a message: the search is broken")
	}
	for key, u := range inTemplates {
		check(key, u)
	}
	code := goLiterals(t)
	looksLikeKey := regexp.MustCompile(`^(common|site|portal|office|desk|mail|people|fault\.page)\.[a-z0-9_.]*[a-z0-9_]$`)
	for text, where := range code.texts { // faults have a test of their own
		if strings.Contains(where, "/stripesim/") {
			continue // a stranger to this house, with texts of its own
		}
		if _, ok := uk[text]; !ok && looksLikeKey.MatchString(text) {
			t.Errorf("%s: %q is in no catalogue", where, text)
		}
	}
}

func TestEveryKeyIsUsed(t *testing.T) {
	inTemplates, code := templateKeys(t), goLiterals(t)
	var used func(string) bool
	used = func(key string) bool {
		if _, ok := inTemplates[key]; ok {
			return true
		}
		if _, ok := code.texts[key]; ok {
			return true
		}
		short, isFault := strings.CutPrefix(key, "fault.")
		if _, ok := code.texts[short]; ok && isFault {
			return true
		}
		for _, prefix := range code.prefixes {
			if strings.HasPrefix(key, prefix) || isFault && strings.HasPrefix(short, prefix) {
				return true
			}
		}
		for _, suffix := range code.suffixes {
			if plain, ok := strings.CutSuffix(key, suffix); ok && used(plain) {
				return true
			}
		}
		return false
	}
	for key := range catalogue(t, i18n.UK) {
		if !used(key) {
			t.Errorf("%q is used nowhere", key)
		}
	}
}

// templateKeys finds each key that a template gives to t or tn as it stands.
func templateKeys(t *testing.T) map[string]use {
	t.Helper()
	found := map[string]use{}
	err := fs.WalkDir(templates.Files, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(file) != ".html" {
			return err
		}
		text, err := fs.ReadFile(templates.Files, file)
		if err != nil {
			return err
		}
		trees := map[string]*parse.Tree{}
		tree := parse.New(file)
		tree.Mode = parse.SkipFuncCheck
		if _, err := tree.Parse(string(text), "", "", trees); err != nil {
			return err
		}
		for _, tr := range trees {
			if tr.Root != nil {
				walk(tr.Root, func(c *parse.CommandNode) {
					name, ok := c.Args[0].(*parse.IdentifierNode)
					if !ok || name.Ident != "t" && name.Ident != "tn" || len(c.Args) < 2 {
						return
					}
					if key, ok := c.Args[1].(*parse.StringNode); ok {
						found[key.Text] = use{file, name.Ident == "tn"}
					}
				})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// walk visits every command of a template.
func walk(n parse.Node, visit func(*parse.CommandNode)) {
	pipe := func(p *parse.PipeNode) {
		if p == nil {
			return
		}
		for _, c := range p.Cmds {
			visit(c)
			for _, a := range c.Args {
				walk(a, visit)
			}
		}
	}
	list := func(l *parse.ListNode) {
		if l != nil {
			for _, c := range l.Nodes {
				walk(c, visit)
			}
		}
	}
	branch := func(b *parse.BranchNode) { pipe(b.Pipe); list(b.List); list(b.ElseList) }
	switch n := n.(type) {
	case *parse.ListNode:
		list(n)
	case *parse.ActionNode:
		pipe(n.Pipe)
	case *parse.PipeNode:
		pipe(n)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	case *parse.TemplateNode:
		pipe(n.Pipe)
	}
}

// literals are the texts in the program's source that may be keys.
type literals struct {
	texts    map[string]string // every string literal, and where
	prefixes []string          // literals that something is added to, such as "allocation.role."
	suffixes []string          // literals that are added to a key, such as "_text"
}

func goLiterals(t *testing.T) literals {
	t.Helper()
	l := literals{texts: map[string]string{}}
	files := token.NewFileSet()
	for _, root := range []string{"../../internal", "../../cmd"} {
		err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
			if os.IsNotExist(err) {
				return nil
			}
			if err != nil || d.IsDir() || filepath.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") {
				return err
			}
			tree, err := parser.ParseFile(files, file, nil, parser.SkipObjectResolution)
			if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			ast.Inspect(tree, func(n ast.Node) bool { l.note(files, n); return true })
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func (l *literals) note(files *token.FileSet, n ast.Node) {
	switch n := n.(type) {
	case *ast.BasicLit:
		if s, ok := text(n); ok {
			l.texts[s] = files.Position(n.Pos()).String()
		}
	case *ast.BinaryExpr:
		if s, ok := text(n.X); ok && strings.Count(s, ".") > 1 && strings.HasSuffix(s, ".") {
			l.prefixes = append(l.prefixes, s)
		}
		if s, ok := text(n.Y); ok && n.Op == token.ADD && strings.HasPrefix(s, "_") {
			l.suffixes = append(l.suffixes, s)
		}
	}
}

func text(n ast.Expr) (string, bool) {
	lit, ok := n.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}
