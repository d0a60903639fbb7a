/** Scripts, styles and headers of the dashboard: small, cached, and within a strict Content-Security-Policy. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { type TestServer, startTestServer } from '../support/server.ts'
import { DashboardUser } from './dashboard-user.ts'

let server: TestServer
let owner: DashboardUser

beforeAll(async () => {
  server = await startTestServer({ 'base-path': '/rt' })
  owner = new DashboardUser(server, '/rt')
  const token = /token=(.*)/.exec(server.claimLink!)![1]!
  const fields = { token, email: 'ann@example.com', password: 'correct horse battery' }
  await owner.post('/claim', fields)
})
afterAll(() => server.end())

const PAGES = ['/', '/reservations', '/apps', '/who', '/account']

/** Every script and style of every page. */
async function assetPaths(): Promise<string[]> {
  const paths = new Set<string>()
  for (const page of PAGES) {
    const { text } = await owner.get(page)
    for (const [, path] of text.matchAll(/(?:href|src)="([^"]*\/assets\/[^"]+\.(?:js|css))"/g)) {
      paths.add(path!)
    }
  }
  return [...paths]
}

test('all together are less than 150 KB over the wire', async () => {
  const paths = await assetPaths()
  expect(paths.length).toBeGreaterThanOrEqual(2)
  let bytes = 0
  for (const path of paths) {
    const answer = await fetch(`${server.url}${path}`, {
      headers: { 'accept-encoding': 'gzip' },
      decompress: false,
    })
    expect(answer.headers.get('content-encoding')).toBe('gzip')
    bytes += (await answer.arrayBuffer()).byteLength
  }
  expect(bytes).toBeGreaterThan(5000)
  expect(bytes).toBeLessThan(150_000)
})

test('have content hashes in their names, and are cached', async () => {
  for (const path of await assetPaths()) {
    expect(path).toMatch(/^\/rt\/dashboard\/assets\/[a-z]+-[a-z0-9]{8}\.(js|css)$/)
    const answer = await fetch(`${server.url}${path}`, {
      headers: { 'accept-encoding': 'identity' },
    })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toContain('immutable')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('content-encoding')).toBeNull()
  }
  expect((await owner.get('/assets/main-00000000.js')).status).toBe(404)
})

test('no page has an inline script or style, and the policy allows none', async () => {
  for (const page of [...PAGES, '/sign-in', '/nothing']) {
    const { text, headers } = await owner.get(page)
    expect(text).not.toMatch(/<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:/)
    const policy = headers.get('content-security-policy')!
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('referrer-policy')).toBe('same-origin')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  }
})

test('text has enough contrast, light and dark (WCAG 2.2, 1.4.3)', async () => {
  const css = await Bun.file(join(import.meta.dir, '../../src/dashboard/styles/tokens.css')).text()
  const colours = new Map(
    Array.from(
      css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g),
      ([, name, light, dark]) => [name!, [light!, dark!] as const],
    ),
  )
  const pairs = [
    ...['text', 'faint', 'accent', 'bad'].flatMap((ink) =>
      ['ground', 'panel', 'sunken'].map((ground) => [ink, ground] as const),
    ),
    ['text', 'raised'],
    ['accent', 'accent-soft'],
    ['text', 'accent-soft'],
    ['good', 'good-soft'],
    ['warn', 'warn-soft'],
    ['bad', 'bad-soft'],
    ['text', 'warn-soft'],
    ['accent-ink', 'accent-fill'],
    ['accent-ink', 'accent-fill-strong'],
    ['bad-ink', 'bad-fill'],
  ] as const
  const poor = pairs.flatMap(([ink, ground]) =>
    [0, 1].flatMap((mode) => {
      const ratio = contrast(colours.get(ink)![mode]!, colours.get(ground)![mode]!)
      return ratio < 4.5 ? [`${ink} on ${ground}, ${['light', 'dark'][mode]}: ${ratio}`] : []
    }),
  )
  expect(poor).toEqual([])
})

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].toSorted((x, y) => y - x)
  return Math.round(((high! + 0.05) / (low! + 0.05)) * 100) / 100
}

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
}
