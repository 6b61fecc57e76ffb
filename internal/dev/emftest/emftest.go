// Package emftest parses log lines by CloudWatch's embedded metric format specification, for tests.
package emftest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
	"unicode/utf8"
)

// The specification's limits, and those of PutMetricData where it refers to them.
const (
	maxLine       = 256 << 10 // bytes
	maxDimensions = 30
	maxMetrics    = 100
	maxName       = 1024 // characters
	maxAge        = 14 * 24 * time.Hour
	maxAhead      = 2 * time.Hour
)

// maxValue is the largest magnitude that CloudWatch stores.
var maxValue = math.Pow(2, 360)

// Line is one line's metrics.
type Line struct {
	Namespace  string
	Dimensions map[string]string
	Metrics    map[string]Metric
}

// Metric is one metric of a line.
type Metric struct {
	Unit  string
	Value float64
}

type metadata struct {
	Timestamp         *int64
	CloudWatchMetrics []directive
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []struct {
		Name, Unit        string
		StorageResolution *int
	}
}

var units = []string{
	"Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits", "Kilobits",
	"Megabits", "Gigabits", "Terabits", "Percent", "Count", "Bytes/Second", "Kilobytes/Second", "Megabytes/Second",
	"Gigabytes/Second", "Terabytes/Second", "Bits/Second", "Kilobits/Second", "Megabits/Second", "Gigabits/Second",
	"Terabits/Second", "Count/Second", "None",
}

// IsMetrics reports whether a line claims to be metrics.
func IsMetrics(line []byte) bool {
	var root struct {
		AWS json.RawMessage `json:"_aws"`
	}
	return json.Unmarshal(line, &root) == nil && root.AWS != nil
}

// Parse parses a line with one directive and one set of dimensions, which is all that we write. Its time must be near now.
func Parse(line []byte, now time.Time) (Line, error) {
	if len(line) > maxLine {
		return Line{}, fmt.Errorf("%d bytes are more than %d", len(line), maxLine)
	}
	var root map[string]json.RawMessage
	if err := json.Unmarshal(line, &root); err != nil {
		return Line{}, err
	}
	var meta metadata
	decoder := json.NewDecoder(bytes.NewReader(root["_aws"]))
	decoder.DisallowUnknownFields() // "MUST NOT contain any additional members"
	if err := decoder.Decode(&meta); err != nil {
		return Line{}, fmt.Errorf("_aws: %w", err)
	}
	if err := checkTime(meta.Timestamp, now); err != nil {
		return Line{}, err
	}
	if len(meta.CloudWatchMetrics) != 1 || len(meta.CloudWatchMetrics[0].Dimensions) != 1 {
		return Line{}, errors.New("not one directive with one set of dimensions")
	}
	return read(root, meta.CloudWatchMetrics[0])
}

func checkTime(timestamp *int64, now time.Time) error {
	if timestamp == nil {
		return errors.New("no Timestamp")
	}
	if at := time.UnixMilli(*timestamp); at.Before(now.Add(-maxAge)) || at.After(now.Add(maxAhead)) {
		return fmt.Errorf("the Timestamp %d is %v, which CloudWatch does not take", *timestamp, at)
	}
	return nil
}

func read(root map[string]json.RawMessage, d directive) (Line, error) {
	line := Line{Namespace: d.Namespace, Dimensions: map[string]string{}, Metrics: map[string]Metric{}}
	if err := checkName("Namespace", d.Namespace); err != nil {
		return line, err
	}
	if len(d.Dimensions[0]) > maxDimensions || len(d.Metrics) > maxMetrics || len(d.Metrics) == 0 {
		return line, fmt.Errorf("%d dimensions, %d metrics", len(d.Dimensions[0]), len(d.Metrics))
	}
	for _, name := range d.Dimensions[0] {
		var value string
		if err := json.Unmarshal(root[name], &value); err != nil {
			return line, fmt.Errorf("dimension %s: %w", name, err)
		}
		if err := checkName("dimension "+name, value); err != nil {
			return line, err
		}
		line.Dimensions[name] = value
	}
	for _, m := range d.Metrics {
		value, err := number(root[m.Name])
		if err != nil || !slices.Contains(units, m.Unit) {
			return line, fmt.Errorf("metric %s, unit %s: %w", m.Name, m.Unit, err)
		}
		line.Metrics[m.Name] = Metric{m.Unit, value}
	}
	return line, nil
}

func checkName(what, name string) error {
	if n := utf8.RuneCountInString(name); n < 1 || n > maxName {
		return fmt.Errorf("%s has %d characters", what, n)
	}
	return nil
}

func number(raw json.RawMessage) (float64, error) {
	var n float64
	if err := json.Unmarshal(raw, &n); err != nil {
		return 0, err
	}
	if math.Abs(n) > maxValue {
		return 0, fmt.Errorf("%v is out of CloudWatch's range", n)
	}
	return n, nil
}
