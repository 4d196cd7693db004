// Package templates is everything that a browser or a mailbox receives: pages and their
// parts, style sheets, the one script, the mark and the fonts, compiled into the program.
// It holds files and the order of the style sheets, and no behaviour.
package templates

import "embed"

// Files are all templates and assets. Fonts are copied in by the build; without them the
// program compiles as well, and pages fall back to the next face of each stack.
//
//go:embed layout part assets all:fonts all:site all:portal all:office all:signin all:join mail
var Files embed.FS

// Styles are the style sheets below assets/css in the order in which they are joined. The
// order of layers is fixed by the first; fonts are left out when their files are missing.
var Styles = []string{
	"tokens", "fonts", "base",
	"part/sandbox", "part/mast", "part/mark", "part/langs", "part/who",
	"part/sum", "part/button", "part/field", "part/notice", "part/table", "part/status",
	"part/paint", "part/bands", "part/progress", "part/stat", "part/proof", "part/seal",
	"part/crew", "part/gifts", "part/spend", "part/evidence", "part/times", "part/trace", "part/chart",
	"part/sign", "part/empty", "part/search", "part/pager", "part/letter", "part/foot",
	"pages", "print",
}

// Fonts are the files that fonts.css names, as they are called in the npm packages
// @fontsource-variable/piazzolla and @fontsource-variable/source-sans-3.
var Fonts = []string{
	"piazzolla-cyrillic-wght-normal.woff2",
	"piazzolla-latin-wght-normal.woff2",
	"source-sans-3-cyrillic-wght-normal.woff2",
	"source-sans-3-cyrillic-ext-wght-normal.woff2",
	"source-sans-3-latin-wght-normal.woff2",
}

// Preloaded are the fonts that a Ukrainian page needs for its first line.
var Preloaded = []string{
	"piazzolla-cyrillic-wght-normal.woff2",
	"source-sans-3-cyrillic-wght-normal.woff2",
}
