package demo

import (
	"bytes"
	"crypto/sha256"
	"image"
	"image/color"
	"image/png"
)

// Logos of the demo are drawn here: of clusters a shape each, of companies a pattern that
// follows from the name. They are ink on paper, as logos are on our pages.

var paper, ink = color.Gray{Y: 0xff}, color.Gray{Y: 0x22}

// emblemSide is the side of a drawing in points, the middle being 0.
const emblemSide = 192

// shapes say where the ink is, from -96 to 95 in both directions, downwards.
var shapes = map[string]func(x, y int) bool{
	clusterSlug: func(x, y int) bool { // squares in each other
		ring := max(abs(x), abs(y)) / 14
		return ring < 6 && ring%2 == 1 || ring == 0
	},
	mariupolSlug: func(x, y int) bool { // waves
		wave := abs((x+96)%48-24) / 2
		return abs(y) < 78 && abs(x) < 84 && (y+wave+96)%28 < 13
	},
	kramatorskSlug: func(x, y int) bool { // a nut
		hexagon := max(abs(x), (abs(x)+2*abs(y))/2)
		return hexagon < 84 && x*x+y*y > 40*40
	},
	luhanskSlug: func(x, y int) bool { // the sun above the steppe
		return y < 12 && x*x+(y-12)*(y-12) < 66*66 || y >= 24 && y < 78 && abs(x) < 84 && y%18 >= 6
	},
}

// emblem draws a cluster's shape as a PNG.
func emblem(slug string) ([]byte, error) { return drawn(shapes[slug]) }

// pattern draws what follows from a company's name: seven by seven fields, the same on both
// sides.
func pattern(slug string) ([]byte, error) {
	sum := sha256.Sum256([]byte(slug))
	return drawn(func(x, y int) bool {
		if min(x, y) < -84 || max(x, y) >= 84 {
			return false
		}
		column, row := (x+84)/24, (y+84)/24
		return sum[row*4+min(column, 6-column)]&1 == 1
	})
}

func drawn(inked func(x, y int) bool) ([]byte, error) {
	picture := image.NewGray(image.Rect(0, 0, emblemSide, emblemSide))
	for y := range emblemSide {
		for x := range emblemSide {
			c := paper
			if inked(x-emblemSide/2, y-emblemSide/2) {
				c = ink
			}
			picture.SetGray(x, y, c)
		}
	}
	var out bytes.Buffer
	err := png.Encode(&out, picture)
	return out.Bytes(), err
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
