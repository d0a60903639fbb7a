/** The OpenAPI document: valid, complete, and equal to what is served. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { SCOPES } from '../../src/service/accounts/access-tokens.ts'
import { startTestServer } from '../support/server.ts'
import { Caller, type Document, type Operation, readerOf } from './caller.ts'

let api: Caller
let document: Document
beforeAll(async () => {
  api = await Caller.start()
  document = api.document
})
afterAll(() => api.server.end())

const operations = (): [method: string, path: string, operation: Operation][] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]): [string, string, Operation] => [
      method,
      path,
      operation,
    ]),
  )

/** All objects within a document, each with its path. */
function* objects(value: unknown, place = '#'): Generator<[string, Record<string, unknown>]> {
  if (typeof value !== 'object' || value === null) return
  yield [place, value as Record<string, unknown>]
  for (const [name, member] of Object.entries(value)) yield* objects(member, `${place}/${name}`)
}

test('is found at the root too', async () => {
  const response = await fetch(`${api.server.url}/openapi.json`)
  expect(new URL(response.url).pathname).toBe('/v1/openapi.json')
  expect(response.status).toBe(200)
})

test('is OpenAPI 3.1 and needs no token to be read', async () => {
  expect(document.openapi).toBe('3.1.0')
  for (const path of ['/v1/openapi.json', '/api/v1/openapi.json']) {
    const response = await fetch(api.server.url + path)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toEqual(document)
  }
})

test('every reference leads somewhere in the document', () => {
  const found = [...objects(document)].filter(([, object]) => typeof object['$ref'] === 'string')
  const lost = found.filter(([, { $ref }]) => {
    const parts = String($ref).replace(/^#\//, '').split('/')
    const target = parts.reduce<unknown>(
      (at, part) => (at as Record<string, unknown> | undefined)?.[part],
      document,
    )
    return target === undefined
  })
  expect(lost.map(([place, { $ref }]) => `${place}: ${String($ref)}`).slice(0, 3)).toEqual([])
})

test('operations have ids of their own, a summary, and their path parameters', () => {
  const ids = operations().map(([, , { operationId }]) => operationId)
  expect(new Set(ids).size).toBe(ids.length)
  for (const [method, path, operation] of operations()) {
    expect(operation.summary, path).not.toBe('')
    const named = operation.parameters.filter((one) => one.in === 'path')
    const expected = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!)
    expect(named.map(({ name }) => name)).toEqual(expected)
    expect(named.every(({ required }) => required)).toBe(true)
    expect(operation.responses['default'], `${method} ${path}`).toBeDefined()
    const hasBody = ['post', 'patch'].includes(method) && !path.endsWith('/revoke')
    expect(operation.requestBody !== undefined).toBe(hasBody)
  }
})

test('every operation needs a bearer token, and the scopes are listed', () => {
  expect(document.security).toEqual([{ accessToken: [] }])
  expect(document.components['securitySchemes']).toEqual({
    accessToken: { type: 'http', scheme: 'bearer' },
  })
  const text = JSON.stringify(document)
  for (const scope of SCOPES) expect(text).toContain(`\`${scope}\``)
})

describe('complete', () => {
  test('every operation in it is served', async () => {
    for (const [method, path] of operations()) {
      const { status } = await api.call(method.toUpperCase(), path.replaceAll(/[{}]/g, ''), {
        token: '',
      })
      // Refused for the missing token, so it exists.
      expect(status, `${method} ${path}`).toBe(401)
    }
  })

  test('no method is served that the document does not list', async () => {
    for (const path of Object.keys(document.paths)) {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        if (document.paths[path]![method.toLowerCase()]) continue
        const plain = path.replaceAll(/[{}]/g, '')
        expect((await api.call(method, plain)).status, `${method} ${path}`).toBe(405)
        // Without a token, unknown addresses look like known ones.
        expect((await api.call(method, plain, { token: '' })).status).toBe(401)
      }
    }
  })

  test('the schemas of bodies refuse what the server refuses', async () => {
    const schema = document.paths['/accounts']!['post']!.requestBody!.content!['application/json']
    const read = readerOf(schema.schema, document)
    for (const body of [{ name: 'ann' }, {}, { name: 1 }, { name: 'bob', role: 'owner' }]) {
      const { status } = await api.call('POST', '/accounts', { body })
      expect(read.safeParse(body).success, JSON.stringify(body)).toBe(status === 201)
    }
  })
})

test('its server address leads to the API, also under a base path and /api/v1', async () => {
  const server = await startTestServer({ 'base-path': '/rt' })
  try {
    for (const path of ['/rt/v1/openapi.json', '/rt/api/v1/openapi.json']) {
      const location = server.url + path
      const served = (await (await fetch(location)).json()) as Document
      const base = new URL(served.servers[0]!.url, location).href.replace(/\/$/, '')
      // 401 and not 404 shows that the API is there.
      expect((await fetch(`${base}/me`)).status).toBe(401)
    }
  } finally {
    await server.end()
  }
})
