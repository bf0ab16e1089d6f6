import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSoundings, dataOf, SoundingsError } from '../src/index.js'
import { refusal, stub } from './stub.js'

test('lists in a query are words with commas between', async (t) => {
  const server = await stub(t, refusal(200, { items: [], nextCursor: null }))
  const soundings = createSoundings({ ...server, token: 'snd_key' })
  const params = { path: { id: 'a' }, query: { kind: ['comment' as const, 'reply' as const], q: 'a&b', limit: 5 } }
  const page = await dataOf(soundings.GET('/tasks/{id}/posts', { params }))
  assert.deepEqual(page.items, [])
  assert.equal(server.requests[0]?.url, '/tasks/a/posts?kind=comment,reply&q=a%26b&limit=5')
  assert.equal(server.requests[0]?.headers.authorization, 'Bearer snd_key')
})

test('a problem document becomes an error', async (t) => {
  const server = await stub(t, refusal(409, { code: 'wrong_state', detail: 'it has ended', requestId: 'r', allowed: ['retry'], retryAt: '2026-01-01T00:00:00Z' }))
  const soundings = createSoundings({ ...server, token: 'x' })
  const call = dataOf(soundings.POST('/tasks/{id}/pause', { params: { path: { id: 'a' } } }))
  await assert.rejects(call, (e) => {
    assert.ok(e instanceof SoundingsError)
    assert.deepEqual([e.status, e.code, e.detail, e.message], [409, 'wrong_state', 'it has ended', 'it has ended'])
    assert.equal(e.retryAt?.toISOString(), '2026-01-01T00:00:00.000Z')
    assert.deepEqual(e.problem?.allowed, ['retry'])
    return true
  })
})

test('so does an answer of something on the way', async (t) => {
  const server = await stub(t, refusal(502, '<html>Bad Gateway', { 'Retry-After': 'soon' }))
  const call = dataOf(createSoundings({ ...server, token: 'x' }).GET('/me'))
  await assert.rejects(call, (e) => e instanceof SoundingsError && e.code === 'unavailable' && e.status === 502 && e.retryAt === undefined)
})

test('an answer without a document is no error', async (t) => {
  const server = await stub(t, (response) => response.writeHead(204).end())
  await dataOf(createSoundings({ ...server, token: 'x' }).DELETE('/tasks/{id}', { params: { path: { id: 'a' } } }))
})
