// A small HTTP server that also calls out over HTTPS.
//
// `/` greets, `/healthz` says that the server is up, and `/fetch?url=https://…` fetches a page and
// answers with its status and size. It listens on all addresses, on the port that PORT names.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/google/uuid"
)

// Larger pages are refused, so that nobody can keep the server reading for ever.
const maximumBytes = 10 << 20

var client = &http.Client{Timeout: 10 * time.Second}

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	server := &http.Server{
		Addr:              ":" + port,
		Handler:           numbered(routes()),
		ReadHeaderTimeout: 10 * time.Second,
	}

	// Requests in flight are finished before the server stops.
	stopping, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	stopped := make(chan struct{})
	go func() {
		<-stopping.Done()
		_ = server.Shutdown(context.Background())
		close(stopped)
	}()

	log.Printf("listening on %s", server.Addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	<-stopped
}

func routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintln(w, "Hello from scratch!")
	})
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("/fetch", fetch)
	return mux
}

// numbered gives every answer an identifier that the log names too.
func numbered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := uuid.NewString()
		w.Header().Set("X-Request-Id", id)
		log.Printf("%s %s %q", id, r.Method, r.URL.Path)
		next.ServeHTTP(w, r)
	})
}

// A page is what a fetch found out.
type page struct {
	URL    string `json:"url"`
	Status int    `json:"status"`
	Bytes  int64  `json:"bytes"`
}

func fetch(w http.ResponseWriter, r *http.Request) {
	text := r.URL.Query().Get("url")
	if text == "" {
		http.Error(w, "say what to fetch: `/fetch?url=https://example.com/`", http.StatusBadRequest)
		return
	}
	if address, err := url.Parse(text); err != nil || address.Scheme != "https" || address.Host == "" {
		http.Error(w, fmt.Sprintf("`%s` is not an `https://` address", text), http.StatusBadRequest)
		return
	}
	found, err := get(r.Context(), text)
	if err != nil {
		http.Error(w, fmt.Sprintf("cannot fetch `%s`: %v", text, err), http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(found)
}

func get(ctx context.Context, address string) (*page, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		// The outer error repeats the method and the address.
		var outer *url.Error
		if errors.As(err, &outer) {
			err = outer.Err
		}
		return nil, err
	}
	defer response.Body.Close()
	size, err := io.Copy(io.Discard, io.LimitReader(response.Body, maximumBytes+1))
	if err != nil {
		return nil, err
	}
	if size > maximumBytes {
		return nil, fmt.Errorf("it is larger than %d bytes", maximumBytes)
	}
	return &page{URL: address, Status: response.StatusCode, Bytes: size}, nil
}
