package content_test

import (
	"bufio"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/content"
)

// lenientFloor is the number of rows of urls_lenient.tsv that we answer like
// the project they come from. The projects differ among themselves there, and
// ids of a wrong length count as videos in many rows.
const lenientFloor = 74

// labelled is one row of a table of addresses.
type labelled struct{ url, kind, id string }

func openFixture(t testing.TB, name string) *os.File {
	t.Helper()
	dir := os.Getenv("FIXTURES_DIR")
	if dir == "" {
		dir = "../shared/fixtures"
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join("..", "..", dir)
	}
	f, err := os.Open(filepath.Join(dir, "urls", name))
	if os.IsNotExist(err) {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the fixtures are absent: set FIXTURES_DIR")
		}
		t.Skip("the fixtures are absent: set FIXTURES_DIR to run this test")
	}
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func readLabelled(t testing.TB, name string) []labelled {
	t.Helper()
	r := csv.NewReader(openFixture(t, name))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = '\t', true, -1
	records, err := r.ReadAll()
	require.NoError(t, err)
	escapes := strings.NewReplacer(`\t`, "\t", `\n`, "\n")
	var rows []labelled
	for _, record := range records[1:] {
		rows = append(rows, labelled{url: escapes.Replace(record[0]), kind: record[1], id: record[2]})
	}
	require.NotEmpty(t, rows)
	return rows
}

func readLines(t testing.TB, name string) []string {
	t.Helper()
	var lines []string
	scanner := bufio.NewScanner(openFixture(t, name))
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	require.NoError(t, scanner.Err())
	require.NotEmpty(t, lines)
	return lines
}

// parseChecked parses and checks what holds for every address there is. It
// answers in the words of the tables.
func parseChecked(t *testing.T, address string) (kind, id string) {
	t.Helper()
	s, err := content.ParseSource(address)
	if err != nil {
		requireRefusal(t, address, err)
		require.Zero(t, s)
		return "invalid", "-"
	}
	requireRoundTrip(t, address, s)
	return string(s.Kind), s.ExternalID
}

func TestParseSourceFixtures(t *testing.T) {
	t.Parallel()
	for _, row := range readLabelled(t, "urls.tsv") {
		kind, id := parseChecked(t, row.url)
		assert.Equal(t, row, labelled{url: row.url, kind: kind, id: id})
	}
}

func TestParseSourceLenientFixtures(t *testing.T) {
	t.Parallel()
	rows, agreed := readLabelled(t, "urls_lenient.tsv"), 0
	for _, row := range rows {
		kind, id := parseChecked(t, row.url)
		if kind == row.kind && (kind == "invalid" || id == row.id) {
			agreed++
			continue
		}
		t.Logf("%s: theirs %s %s, ours %s %s", row.url, row.kind, row.id, kind, id)
	}
	t.Logf("agreement with the lenient table: %d of %d", agreed, len(rows))
	assert.GreaterOrEqual(t, agreed, lenientFloor)
}

func TestParseSourceWildFixtures(t *testing.T) {
	t.Parallel()
	kinds := map[string]int{}
	for _, line := range readLines(t, "urls_wild_unlabelled.txt") {
		kind, _ := parseChecked(t, line)
		kinds[kind]++
	}
	t.Logf("kinds of the wild addresses: %v", kinds)
	assert.Greater(t, len(kinds), 1)
}
