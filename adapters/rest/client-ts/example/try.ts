/** Calls the route as a browser would: `node try.js ADDRESS`. Prints the answer's status and its document. */
import { POST } from './route.js'

const body = JSON.stringify({ url: process.argv[2] })
const answer = await POST(new Request('http://localhost/api/analyse', { method: 'POST', body }))
console.log(JSON.stringify({ status: answer.status, document: await answer.json() }))
