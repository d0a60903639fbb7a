/** Parts of the server are built from those that are there already: no closure waits for a field to be assigned. */
import { describe, expect, test } from 'bun:test'
import { sourceFiles } from '../support/imports.ts'

/** Fields that a constructor, or a method that it calls, names before they are assigned. */
function namedTooEarly(code: string): string[] {
  const body = bodyOf(code, /^ {2}constructor\(/m)
  if (body === undefined) return []
  const text = withCalledMethods(body, code)
  return [...text.matchAll(/this\.(#?\w+) = /g)]
    .filter(({ 1: field, index }) =>
      new RegExp(`this\\.${field}\\b(?! = )`).test(text.slice(0, index)),
    )
    .map(({ 1: field }) => field!)
}

/** The lines of a method of a class as the formatter lays it out. */
function bodyOf(code: string, start: RegExp): string | undefined {
  const from = code.search(start)
  return from < 0 ? undefined : code.slice(from, code.indexOf('\n  }\n', from))
}

/** Replaces each call of a method by the method's body. */
function withCalledMethods(text: string, code: string): string {
  return text.replaceAll(/this\.(#\w+)\(/g, (call, name: string) => {
    const body = bodyOf(code, new RegExp(`^ {2}(async )?${name}\\(`, 'm'))
    return body === undefined ? call : `${withCalledMethods(body, code)}(`
  })
}

describe('the order of building', () => {
  test('the check finds a part that is used before it is built', () => {
    const waiting = `class Parts {
  constructor() {
    this.#first = this.#makeFirst()
    this.#second = 2
  }
  #makeFirst() {
    return () => this.#second
  }
}
`
    expect(namedTooEarly(waiting)).toEqual(['#second'])
  })

  test('no part uses one that is built after it', () => {
    const found = sourceFiles('assembly').flatMap(({ path, text }) =>
      namedTooEarly(text).map((field) => `${path}: ${field}`),
    )
    expect(found).toEqual([])
  })
})
