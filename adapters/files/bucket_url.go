package files

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/minio/minio-go/v7/pkg/s3utils"

	"github.com/soundings-io/soundings/domain/fault"
)

// BucketURL is what addresses of buckets look like.
const BucketURL = "s3://BUCKET/PREFIX?endpoint=https://HOST&region=REGION"

// ValidBucketURL tells whether an address names a bucket.
func ValidBucketURL(address string) bool {
	_, err := parseBucketURL(address)
	return err == nil
}

// bucketURL is a parsed address.
type bucketURL struct {
	bucket, prefix string
	// host is that of the endpoint, with its port.
	host   string
	secure bool
	// region may be empty: the endpoint is asked for it.
	region string
}

// parseBucketURL reads BUCKET and what may follow. Without an endpoint it is
// Amazon's. The address holds no secrets: those have variables of their own.
func parseBucketURL(address string) (bucketURL, error) {
	bad := fault.New(fault.Invalid, fault.CodeInvalidValue, "the address of a bucket is %s", BucketURL)
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "s3" || u.User != nil || u.Fragment != "" || s3utils.CheckValidBucketNameStrict(u.Host) != nil {
		return bucketURL{}, bad
	}
	prefix := strings.Trim(u.Path, "/")
	if prefix != "" && (path.Clean(prefix) != prefix || strings.HasPrefix(prefix, "..")) {
		return bucketURL{}, bad
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return bucketURL{}, bad
	}
	for name, values := range query {
		if !slices.Contains([]string{"endpoint", "region"}, name) || len(values) != 1 || values[0] == "" {
			return bucketURL{}, bad
		}
	}
	parsed := bucketURL{bucket: u.Host, prefix: prefix, host: "s3.amazonaws.com", secure: true, region: query.Get("region")}
	if !query.Has("endpoint") {
		return parsed, nil
	}
	endpoint, err := url.Parse(query.Get("endpoint"))
	if err != nil || (endpoint.Scheme != "http" && endpoint.Scheme != "https") || endpoint.Hostname() == "" ||
		endpoint.User != nil || strings.Trim(endpoint.Path, "/") != "" || endpoint.RawQuery != "" {
		return bucketURL{}, bad
	}
	parsed.host, parsed.secure = endpoint.Host, endpoint.Scheme == "https"
	return parsed, nil
}
