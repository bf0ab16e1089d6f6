# Sourced by .ci/run: a Docker engine of our own and two images built from Debian packages, since CI can pull none.
# Everything that is worth keeping between runs is in $cache; the engine listens on a socket in there and nowhere else.

cache=${CI_CACHE_DIR:-/var/cache/soundings-ci}
export DOCKER_HOST=unix://$cache/docker.sock
export DOCKER_BUILDKIT=0 # BuildKit would pull its own frontend image

# The tag names what the images are made from, so that changed files are never served by an old image.
images_key=$(cd .ci && cat engine.sh images/*/* | sha256sum | cut -c1-12)
export TEST_POSTGRES_IMAGE=soundings-ci-postgres:$images_key
export TEST_REDIS_IMAGE=soundings-ci-redis:$images_key
rootfs_image=soundings-ci-rootfs:$images_key

# start_engine starts dockerd, unless one that an interrupted run left behind still answers.
# Published ports are on the loopback address only.
start_engine() {
	mkdir -p "$cache"
	if ! docker version >/dev/null 2>&1; then
		rm -f "$cache/dockerd.pid" "$cache/docker.sock"
		dockerd --host "$DOCKER_HOST" --pidfile "$cache/dockerd.pid" --ip 127.0.0.1 \
			--data-root "$cache/data" --exec-root "$cache/exec" >"$logs/dockerd.log" 2>&1 </dev/null &
		local tries=0
		until docker version >/dev/null 2>&1; do
			if ((++tries > 150)); then
				tail -n 30 "$logs/dockerd.log"
				return 1
			fi
			sleep 0.2
		done
	fi
	docker ps -aq --filter label=org.testcontainers=true | xargs -r docker rm -f >/dev/null
}

# stop_engine ends the engine and waits, at most 15 s, until it is gone.
stop_engine() {
	[[ -f $cache/dockerd.pid ]] || return 0
	local pid tries=0
	pid=$(<"$cache/dockerd.pid")
	docker ps -aq --filter label=org.testcontainers=true | xargs -r docker rm -f >/dev/null 2>&1 || true
	kill "$pid" 2>/dev/null || return 0
	while kill -0 "$pid" 2>/dev/null && ((++tries < 75)); do sleep 0.2; done
}

# debian_source prints the mirror and the release that this machine's own apt uses.
debian_source() {
	# shellcheck disable=SC2016 # apt expands these
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
		awk -v release="$(. /etc/os-release && echo "$VERSION_CODENAME")" \
			'$2 == release && $3 == "main" && $4 == "Debian" { print $1, $2; exit }'
}

# build_images makes the two images, once: about 100 s the first time, nothing afterwards.
build_images() {
	if docker image inspect "$TEST_POSTGRES_IMAGE" "$TEST_REDIS_IMAGE" >/dev/null 2>&1; then
		echo "images are there already"
		return
	fi
	if ! docker image inspect "$rootfs_image" >/dev/null 2>&1; then
		local mirror release
		read -r mirror release < <(debian_source)
		rm -rf "$cache/rootfs"
		debootstrap --variant=minbase --include=postgresql,redis-server "$release" "$cache/rootfs" "$mirror"
		tar -C "$cache/rootfs" --exclude=./var/cache/apt/archives/*.deb -c . | docker import - "$rootfs_image"
		rm -rf "$cache/rootfs"
	fi
	docker build --build-arg ROOTFS="$rootfs_image" -t "$TEST_POSTGRES_IMAGE" .ci/images/postgres
	docker build --build-arg ROOTFS="$rootfs_image" -t "$TEST_REDIS_IMAGE" .ci/images/redis
}
