package page

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/singleflight"
)

// Cache keeps rendered public pages in this process, so that a page asked for a thousand
// times a second is rendered once.
//
// It promises that nobody gets a page made from data older than the last Invalidate before
// their request came. Each rendering takes the generation before it reads anything; a page
// of an older generation is never served, and requests of a new generation never join a
// rendering that an old one began. A page also lives for lifetime at most, for the case
// that a notice of change was lost on its way.
type Cache struct {
	generation atomic.Uint64
	flight     singleflight.Group

	mu      sync.Mutex
	entries map[string]*entry
	most    int
	now     func() time.Time
}

const (
	lifetime    = time.Second
	mostEntries = 512
)

// entry is one page, in both encodings.
type entry struct {
	generation  uint64
	made        time.Time // when its rendering began
	hash        string
	plain, gzip []byte
}

// NewCache makes an empty cache.
func NewCache() *Cache {
	return &Cache{entries: map[string]*entry{}, most: mostEntries, now: time.Now}
}

// Invalidate makes every page that was begun before this moment unfit to be served.
func (c *Cache) Invalidate() { c.generation.Add(1) }

// Serve answers with the page of key, from the cache or by render, or with 304 to whoever
// has it. The key names the page wholly: its address with its query, and its language.
//
// A signed-in visitor's page bears their name, so it is rendered for them alone and stays
// out of the cache. A failed rendering is returned and not kept.
func (c *Cache) Serve(ec echo.Context, key string, render func() ([]byte, error)) error {
	h := ec.Response().Header()
	if Of(ec).Visitor != nil {
		body, err := render()
		if err != nil {
			return err
		}
		h.Set(echo.HeaderCacheControl, "private, no-store")
		return ec.HTMLBlob(200, body)
	}
	e, err := c.page(ec.Request().Context(), key, render)
	if err != nil {
		return err
	}
	h.Set(echo.HeaderCacheControl, "public, max-age=0, must-revalidate")
	h.Set(echo.HeaderVary, "Accept-Encoding, Cookie")
	return send(ec, echo.MIMETextHTMLCharsetUTF8, e.hash, e.plain, e.gzip)
}

// page finds a fresh page or renders one, together with everyone who asks for the same.
func (c *Cache) page(ctx context.Context, key string, render func() ([]byte, error)) (*entry, error) {
	for {
		generation := c.generation.Load()
		if e := c.fresh(key, generation); e != nil {
			return e, nil
		}
		mine := false
		v, err, _ := c.flight.Do(fmt.Sprintf("%d %s", generation, key), func() (any, error) {
			mine = true
			return c.make(key, generation, render)
		})
		if err == nil {
			return v.(*entry), nil
		}
		// Whoever rendered for all of us may have left; that is no reason to fail the others.
		if mine || ctx.Err() != nil || !errors.Is(err, context.Canceled) {
			return nil, err
		}
	}
}

func (c *Cache) fresh(key string, generation uint64) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[key]
	if e == nil || e.generation != generation || c.now().Sub(e.made) >= lifetime {
		return nil
	}
	return e
}

func (c *Cache) make(key string, generation uint64, render func() ([]byte, error)) (*entry, error) {
	made := c.now()
	body, err := render()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	e := &entry{generation: generation, made: made, hash: hex.EncodeToString(sum[:12]), plain: body, gzip: squeezed(body)}
	c.keep(key, e)
	return e, nil
}

// keep stores a page, unless a newer one is there already.
func (c *Cache) keep(key string, e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.entries[key]; old != nil {
		if old.generation > e.generation {
			return
		}
	} else if len(c.entries) >= c.most {
		c.makeRoom(e.generation)
	}
	c.entries[key] = e
}

// makeRoom drops what is stale, or else the page that was made first.
func (c *Cache) makeRoom(generation uint64) {
	var first string
	for key, e := range c.entries {
		if e.generation < generation || c.now().Sub(e.made) >= lifetime {
			delete(c.entries, key)
			continue
		}
		if first == "" || e.made.Before(c.entries[first].made) {
			first = key
		}
	}
	if len(c.entries) >= c.most {
		delete(c.entries, first)
	}
}
