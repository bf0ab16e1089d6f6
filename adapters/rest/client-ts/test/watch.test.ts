import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSoundings, SoundingsError, type TaskEvent } from '../src/index.js'
import { cutStream, event, refusal, stream, stub } from './stub.js'

const done = stream(event('done', 3, { status: 'completed' }))
const quick = { firstWaitMs: 1 }

test('a lost connection is taken up where it was, with a fresh token', async (t) => {
  const server = await stub(
    t,
    cutStream('retry: 2000\n\n' + event('progress', 1, { status: 'running' }) + ': ping\n\n' + event('progress', 2, { status: 'waiting' })),
    done,
  )
  let tokens = 0
  const seen: string[] = []
  const retries: number[] = []
  const soundings = createSoundings({ baseUrl: server.baseUrl, token: () => `token ${++tokens}` })
  const ended = await soundings.watchTask('a/b', {
    ...quick,
    onEvent: (task: TaskEvent) => seen.push(task.status),
    onRetry: (_, waitMs) => retries.push(waitMs),
  })
  assert.equal(ended.status, 'completed')
  assert.deepEqual(seen, ['running', 'waiting', 'completed'])
  assert.equal(retries.length, 1)
  assert.deepEqual(server.requests.map((r) => r.headers['last-event-id']), [undefined, '2'])
  assert.deepEqual(server.requests.map((r) => r.headers.authorization), ['Bearer token 1', 'Bearer token 2'])
  assert.deepEqual(server.requests.map((r) => r.url), ['/tasks/a%2Fb/events', '/tasks/a%2Fb/events'])
})

test('an event may come in pieces, cut within a letter', async (t) => {
  const whole = Buffer.from(event('done', 1, { status: 'completed', source: { title: 'Größe 😀' } }))
  const cut = whole.indexOf(0xf0) + 2
  const server = await stub(t, stream(whole.subarray(0, cut), whole.subarray(cut)))
  const ended = await createSoundings({ ...server, token: 'x' }).watchTask('1')
  assert.equal(ended.source?.title, 'Größe 😀')
})

test('what another attempt would not change is thrown at once', async (t) => {
  for (const [status, code] of [[401, 'unauthenticated'], [403, 'forbidden'], [404, 'not_found']] as const) {
    const server = await stub(t, refusal(status, { code, detail: 'no', requestId: 'r' }))
    const refused = createSoundings({ ...server, token: 'x' }).watchTask('1', quick)
    await assert.rejects(refused, (e) => e instanceof SoundingsError && e.status === status && e.code === code && e.problem?.requestId === 'r')
    assert.equal(server.requests.length, 1)
  }
})

test('what may pass is tried again, not before the time that the server names', async (t) => {
  const server = await stub(
    t,
    refusal(503, '<html>', { 'Content-Type': 'text/html' }),
    refusal(429, { code: 'too_many_requests', detail: 'slowly' }, { 'Retry-After': '1' }),
    done,
  )
  const causes: [number, boolean][] = []
  await createSoundings({ ...server, token: 'x' }).watchTask('1', {
    ...quick,
    onRetry: (cause, waitMs) => causes.push([(cause as SoundingsError).status, waitMs > 500]),
  })
  assert.deepEqual(causes, [[503, false], [429, true]])
})

test('a silent connection is given up', async (t) => {
  const server = await stub(t, stream(event('progress', 1, {})), done)
  await createSoundings({ ...server, token: 'x' }).watchTask('1', { ...quick, silenceMs: 100 })
  assert.equal(server.requests.length, 2)
})

test('patience ends with what went wrong last', async (t) => {
  const server = await stub(t, refusal(503, { code: 'unavailable', detail: 'down' }))
  const failed = createSoundings({ ...server, token: 'x' }).watchTask('1', { ...quick, patienceMs: 50 })
  await assert.rejects(failed, { name: 'SoundingsError', status: 503, detail: 'down' })
  assert.ok(server.requests.length > 1)
})

test('the signal ends a watch, while it listens and while it waits', async (t) => {
  for (const answer of [stream(event('progress', 1, {})), refusal(503, '')]) {
    const server = await stub(t, answer)
    const leave = new AbortController()
    const left = new Error('the page was left')
    const stop = () => leave.abort(left)
    const watching = createSoundings({ ...server, token: 'x' }).watchTask('1', { signal: leave.signal, onEvent: stop, onRetry: stop })
    await assert.rejects(watching, left)
    assert.equal(server.requests.length, 1)
  }
})

test('what onEvent throws ends the watch', async (t) => {
  const server = await stub(t, stream(event('progress', 1, {})))
  const thrown = new Error('mine')
  const watching = createSoundings({ ...server, token: 'x' }).watchTask('1', {
    onEvent: () => {
      throw thrown
    },
  })
  await assert.rejects(watching, thrown)
  assert.equal(server.requests.length, 1)
})
