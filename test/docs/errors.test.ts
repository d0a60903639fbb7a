/** Every error is explained at the address that it names, in HTML and in text. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ERROR_CODES } from '../../src/docs/errors.ts'
import { FAILURE_NAMES } from '../../src/failure.ts'
import { ablyCode } from '../../src/protocol/ably/errors/codes.ts'
import { errorHref } from '../../src/protocol/ably/errors/error-href.ts'
import { type TestServer, startTestServer } from '../support/server.ts'
import { codeSpans, readText } from './texts.ts'

test('every code that an Ably client can get has an entry', () => {
  const codes = new Set(FAILURE_NAMES.map((name) => String(ablyCode(name))))
  expect(codes.size).toBeGreaterThan(30)
  expect([...codes].filter((code) => !ERROR_CODES.includes(code))).toEqual([])
})

test('every name that an itty-sockets client can get has an entry', () => {
  const listed = ['src/docs/clients.md', 'src/docs/push.md'].flatMap((name) =>
    codeSpans(readText(name)).filter((span) => /^[a-z]+(_[a-z]+)+$/.test(span)),
  )
  expect(listed.length).toBeGreaterThan(20)
  expect(listed.filter((name) => !ERROR_CODES.includes(name))).toEqual([])
})

test('entries stand in order, each with what to do', () => {
  const order = (a: string, b: string) =>
    Number(/\D/.test(a)) - Number(/\D/.test(b)) || (a < b ? -1 : 1)
  expect(ERROR_CODES).toEqual([...ERROR_CODES].toSorted(order))
  const names = ERROR_CODES.filter((code) => /\D/.test(code))
  expect(names.filter((name) => !(FAILURE_NAMES as readonly string[]).includes(name))).toEqual([])
  const sections = readText('src/docs/errors.md').text.split(/^## /m).slice(1)
  expect(sections).toHaveLength(ERROR_CODES.length)
  for (const section of sections) expect(section).toMatch(/^\w+: .+\n\n[^]+\n\nFix: .+\n*$/)
})

describe.each([[''], ['/realtime']])('under "%s"', (basePath) => {
  let server: TestServer
  let base: string

  beforeAll(async () => {
    server = await startTestServer({ 'base-path': basePath })
    base = `${server.url}${basePath}`
  })
  afterAll(() => server.end())

  test('every error has a page, and the list links to all', async () => {
    const list = await (await fetch(`${base}/errors`)).text()
    for (const code of ERROR_CODES) {
      expect(list).toContain(`href="${basePath}/errors/${code}"`)
      const answer = await fetch(`${base}/errors/${code}`)
      expect([code, answer.status]).toEqual([code, 200])
      expect(answer.headers.get('content-type')).toStartWith('text/html')
      expect((await answer.text()).match(/<h1/g)).toHaveLength(1)
    }
  })

  test('links resolve, to the heading that they name', async () => {
    const broken: string[] = []
    for (const code of ERROR_CODES) {
      const page = await (await fetch(`${base}/errors/${code}`)).text()
      for (const [, href] of page.slice(page.indexOf('<main')).matchAll(/href="([^"]+)"/g)) {
        const target = new URL(href!, `${base}/errors/${code}`)
        const answer = await fetch(target)
        const isThere = answer.ok && (await answer.text()).includes(`id="${target.hash.slice(1)}`)
        if (!isThere) broken.push(`${code}: ${href}`)
      }
    }
    expect(broken).toEqual([])
  })

  test.each(['text/plain', 'text/markdown'])('are Markdown as %s', async (accept) => {
    const answer = await fetch(`${base}/errors/40160`, { headers: { accept } })
    expect(answer.headers.get('content-type')).toBe(`${accept}; charset=utf-8`)
    expect(answer.headers.get('vary')).toBe('Accept')
    const text = await answer.text()
    expect(text).toStartWith('# 40160: ')
    expect(text).toContain('latchkey keys explain')
    const list = await (await fetch(`${base}/errors`, { headers: { accept } })).text()
    expect(list).toContain(`- [40160](${basePath}/errors/40160)`)
    const linked = await (await fetch(`${base}/errors/40000`, { headers: { accept } })).text()
    expect(linked).toContain(`](${basePath}/docs/apps#api-keys)`)
  })

  test('an unknown code is 404 and links to the list', async () => {
    for (const accept of ['text/html', 'text/plain']) {
      const answer = await fetch(`${base}/errors/12345`, { headers: { accept } })
      expect(answer.status).toBe(404)
      expect(await answer.text()).toContain('There is no such error')
    }
  })

  test('an error names the address of its page, as the client reaches the server', async () => {
    for (const host of [undefined, 'latchkey.test:8443']) {
      const headers = host === undefined ? {} : { host }
      const answer = await fetch(`${base}/keys/no.such/requestToken`, { method: 'POST', headers })
      const { error } = (await answer.json()) as { error: { code: number; href: string } }
      const root = host === undefined ? server.url : `http://${host}`
      expect(error.href).toBe(errorHref(error.code, `${root}${basePath}`))
    }
    const { error } = (await (
      await fetch(`${base}/keys/no.such/requestToken`, { method: 'POST' })
    ).json()) as { error: { href: string } }
    expect(await (await fetch(error.href)).text()).toContain('<h1')
  })
})
