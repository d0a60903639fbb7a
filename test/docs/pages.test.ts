/** The pages as they are served: all exist and all links resolve, also under a base path. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { PAGE_NAMES } from '../../src/docs/pages.ts'
import { type TestServer, startTestServer } from '../support/server.ts'
import { readText } from './texts.ts'

describe.each([[''], ['/realtime']])('under "%s"', (basePath) => {
  let server: TestServer
  let root: string

  beforeAll(async () => {
    server = await startTestServer({ 'base-path': basePath })
    root = `${server.url}${basePath}`
  })
  afterAll(() => server.end())

  const addresses = () => [
    `${root}/`,
    `${root}/docs`,
    ...PAGE_NAMES.map((name) => `${root}/docs/${name}`),
  ]

  test('every page is served', async () => {
    for (const address of addresses()) {
      const answer = await fetch(address)
      expect([address, answer.status]).toEqual([address, 200])
      expect(answer.headers.get('content-type')).toStartWith('text/html')
      const html = await answer.text()
      expect(html.match(/<h1/g)).toHaveLength(1)
      // The Content-Security-Policy forbids both.
      expect(html).not.toMatch(/<script|<style|\sstyle="/)
    }
  })

  test('every internal link resolves, to the heading that it names', async () => {
    const pages = new Map<string, string>()
    const read = async (address: string) => {
      const known = pages.get(address)
      if (known !== undefined) return known
      const answer = await fetch(address)
      const text = answer.ok ? await answer.text() : ''
      pages.set(address, text)
      return text
    }
    const broken: string[] = []
    for (const address of addresses()) {
      for (const [, href] of (await read(address)).matchAll(/href="([^"]+)"/g)) {
        const target = new URL(href!, address)
        if (target.origin !== server.url) continue
        const heading = target.hash.slice(1)
        target.hash = ''
        const text = await read(target.href)
        const isThere = heading === '' ? text !== '' : text.includes(` id="${heading}"`)
        if (!isThere) broken.push(`${address}: ${href}`)
      }
    }
    expect(pages.size).toBeGreaterThan(PAGE_NAMES.length)
    expect(broken).toEqual([])
  })

  test('a slash at the end leads to the page, and the icon is found', async () => {
    for (const path of ['/docs', '/errors']) {
      const answer = await fetch(`${root}${path}/`)
      expect([path, answer.status, answer.url]).toEqual([path, 200, root + path])
    }
    const icon = await fetch(`${root}/favicon.ico`)
    expect(icon.headers.get('content-type')).toStartWith('image/svg+xml')
    const policy = (await fetch(`${root}/docs`)).headers.get('content-security-policy')
    expect(policy).toContain("img-src 'self'")
  })

  test('an unknown page is 404 and says so', async () => {
    const answer = await fetch(`${root}/docs/nothing`)
    expect(answer.status).toBe(404)
    expect(await answer.text()).toContain('There is no such page')
  })
})

describe('what the pages list', () => {
  let server: TestServer

  beforeAll(async () => {
    server = await startTestServer()
  })
  afterAll(() => server.end())

  test('all operations of the HTTP API, with their scopes', async () => {
    const answer = await fetch(`${server.url}/v1/openapi.json`)
    const { paths } = (await answer.json()) as {
      paths: Record<string, Record<string, { description?: string }>>
    }
    const served = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { description = '`any`' }]) => {
        const scope = /`([^`]+)`/.exec(description)?.[1]
        return `${method.toUpperCase()} ${path} ${scope}`
      }),
    )
    const rows = readText('src/docs/api.md').text.matchAll(
      /^\| `([A-Z]+ \/[^`]*)` +\| `?([a-z:]+)`? /gm,
    )
    const shown = [...rows].map(([, request, scope]) => `${request} ${scope}`)
    expect(shown.toSorted()).toEqual(served.toSorted())
  })

  test('all metrics', async () => {
    const metrics = async () => (await fetch(`${server.url}/metrics`)).text()
    const served = [...(await metrics()).matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name!)
    const rows = readText('src/docs/operations.md').text.matchAll(/^\| `(\w+)` /gm)
    expect(Array.from(rows, ([, name]) => name!).toSorted()).toEqual(served.toSorted())
  })
})
