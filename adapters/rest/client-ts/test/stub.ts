import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** What a stub answers to one request. */
export type Answer = (response: ServerResponse, request: IncomingMessage) => void

/** A server that gives each request the next answer, and the last one again and again. */
export async function stub(t: TestContext, ...answers: Answer[]) {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    answers[Math.min(requests.length, answers.length) - 1]?.(response, request)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, requests }
}

/** A stream of server-sent events that stays open. */
export const stream =
  (...chunks: (string | Buffer)[]): Answer =>
  (response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders()
    for (const chunk of chunks) response.write(chunk)
  }

/** A stream that is cut off, once what it says is on its way. */
export const cutStream =
  (text: string): Answer =>
  (response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders()
    response.write(text, () => setImmediate(() => response.destroy()))
  }

/** A refusal, with a problem document or with a page. */
export const refusal =
  (status: number, body: object | string, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, { 'Content-Type': 'application/problem+json', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

/** An event as Soundings writes it. */
export function event(type: string, id: number, task: object): string {
  return `event: ${type}\nid: ${id}\ndata: ${JSON.stringify(task)}\n\n`
}
