import { createSoundings } from '../src/index.js'

/** The web app's server calls Soundings; the key never reaches a browser. */
export function soundings() {
  const { SOUNDINGS_URL: baseUrl, SOUNDINGS_API_KEY: token } = process.env
  if (!baseUrl || !token) throw new Error('set SOUNDINGS_URL and SOUNDINGS_API_KEY')
  return createSoundings({ baseUrl, token })
}
