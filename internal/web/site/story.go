package site

import (
	"bytes"
	"fmt"
	"html/template"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown reads a story. Without its "unsafe" option, HTML in the text is left out.
var markdown = goldmark.New(goldmark.WithParserOptions(
	parser.WithASTTransformers(util.Prioritized(headings{}, 100)),
))

// allowed is what may be left of a story: text, its structure and links to other sites.
// No pictures: they would tell a third party who reads the page.
var allowed = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "h2", "h3", "h4", "ul", "ol", "li", "em", "strong", "blockquote", "code", "hr")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("https", "mailto")
	p.RequireNoFollowOnLinks(true)
	return p
}()

// headings puts the story's headings below the page's own h1.
type headings struct{}

func (headings) Transform(doc *ast.Document, _ text.Reader, _ parser.Context) {
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok {
			h.Level = min(max(h.Level, 2), 4)
		}
	}
}

// story turns a coordinator's Markdown into HTML.
//
// This is the one place of the door that marks a string as safe. It is: goldmark escapes
// what is text and drops what is HTML, and the policy then removes everything that is not
// on its list, so that a mistake in one of the two is not enough.
func story(source string) (template.HTML, error) {
	var html bytes.Buffer
	if err := markdown.Convert([]byte(source), &html); err != nil {
		return "", fmt.Errorf("read the story: %w", err)
	}
	return template.HTML(allowed.SanitizeBytes(html.Bytes())), nil
}
