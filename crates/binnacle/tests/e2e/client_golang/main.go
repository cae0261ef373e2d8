// Asks a server everything that the official client library for Go can ask.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	c, err := api.NewClient(api.Config{Address: os.Args[1]})
	must(err)
	p := v1.NewAPI(c)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	value, _, err := p.Query(ctx, "up", time.Now())
	must(err)
	fmt.Println("query", value.Type())
	_, _, err = p.QueryRange(ctx, "up", v1.Range{Start: time.Now().Add(-time.Minute), End: time.Now(), Step: time.Second})
	must(err)
	names, _, err := p.LabelNames(ctx, nil, time.Now().Add(-time.Hour), time.Now())
	must(err)
	fmt.Println("labels", len(names) > 0)
	_, _, err = p.LabelValues(ctx, "job", nil, time.Now().Add(-time.Hour), time.Now())
	must(err)
	series, _, err := p.Series(ctx, []string{"up"}, time.Now().Add(-time.Hour), time.Now())
	must(err)
	fmt.Println("series", len(series) > 0)
	targets, err := p.Targets(ctx)
	must(err)
	fmt.Println("targets", len(targets.Active) > 0)
	_, err = p.TargetsMetadata(ctx, "", "", "3")
	must(err)
	_, err = p.Metadata(ctx, "", "3")
	must(err)
	_, err = p.Config(ctx)
	must(err)
	_, err = p.Flags(ctx)
	must(err)
	_, err = p.Buildinfo(ctx)
	must(err)
	_, err = p.Runtimeinfo(ctx)
	must(err)
	_, err = p.TSDB(ctx)
	must(err)
	_, err = p.WalReplay(ctx)
	must(err)
	_, err = p.QueryExemplars(ctx, "up", time.Now().Add(-time.Hour), time.Now())
	must(err)
	must(p.DeleteSeries(ctx, []string{"no_such_series"}, time.Now().Add(-time.Hour), time.Now()))
	must(p.CleanTombstones(ctx))
	_, err = p.Snapshot(ctx, true)
	must(err)
	fmt.Println("done")
}
