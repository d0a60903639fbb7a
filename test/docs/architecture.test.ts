/** The page of the architecture matches the sources: folders, files, rules, and all state that is kept. */
import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { sourceFiles } from '../support/imports.ts'
import { ROOT, codeSpans, readText } from './texts.ts'

const page = readText('src/docs/architecture.md')

/** The text of a section of the second level. */
function section(heading: string): string {
  const found = page.text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`))
  if (found === undefined) throw new Error(`no section ${heading}`)
  return found
}

const pathsIn = (text: string) =>
  codeSpans({ name: '', text }).filter((span) => /^(src|test)\//.test(span))

function foldersBelow(path: string, depth: number): string[] {
  if (depth === 0) return []
  return readdirSync(join(ROOT, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => [`${path}/${name}`].concat(foldersBelow(`${path}/${name}`, depth - 1)))
}

test('every path that it names is there', () => {
  const paths = pathsIn(page.text)
  expect(paths.length).toBeGreaterThan(100)
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
})

test('the list has every folder down to the second level, those of protocols too, and each once', () => {
  const rows = Array.from(
    section('Folders').matchAll(/^(?:- |\| )`(src\/[^`]+)`/gm),
    ([, path]) => path!,
  )
  expect(rows).toEqual([...new Set(rows)].toSorted())
  for (const path of rows)
    expect([path, statSync(join(ROOT, path)).isDirectory()]).toEqual([path, true])
  const wanted = [...foldersBelow('src', 2), ...foldersBelow('src/protocol', 2)]
  expect(wanted.filter((path) => !rows.includes(path))).toEqual([])
})

describe('rules', () => {
  const numbers = Array.from(section('Rules').matchAll(/^(\d+)\. \*\*/gm), ([, n]) => Number(n))

  test('are numbered from 1', () => {
    expect(numbers.length).toBeGreaterThanOrEqual(10)
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
  })

  test('that comments cite by a number are there', () => {
    const cited = sourceFiles().flatMap(({ path, text }) =>
      Array.from(text.matchAll(/\b[Rr]ule (\d+)\b/g), ([, n]) => ({ path, rule: Number(n) })),
    )
    expect(cited.length).toBeGreaterThan(0)
    expect(cited.filter(({ rule }) => !numbers.includes(rule))).toEqual([])
  })
})

describe('what is kept in one process', () => {
  const listed = pathsIn(section('What is kept in one process'))

  /** A collection, a cache or a timer that outlives a call: a member of a class, or a variable of a module. */
  const STATE =
    /^\s+(?:readonly )?#?\w+(?:: [^=\n]+)? = new (?:Map|Set|WeakMap|Queue|TextCache|Counts)\b|^(?:const|let) [a-z]\w*(?:: [^=\n]+)? = new (?:Map|WeakMap|TextCache)\b|^let |#\w*[tT]imer: Timer/m

  /** Programs that end with what they do, what runs in a browser, and structures that others hold. */
  const ELSEWHERE = /^(cli|ops\/doctor|dashboard\/client|core\/queue\.ts|dev\.ts|build\.ts)/

  test('has whatever holds a collection, a cache or a timer', () => {
    const holders = sourceFiles()
      .filter(({ path, text }) => !ELSEWHERE.test(path) && STATE.test(text))
      .map(({ path }) => `src/${path}`)
    expect(holders.length).toBeGreaterThan(70)
    const isListed = (path: string) =>
      listed.some((one) => path === one || path.startsWith(`${one}/`))
    expect(holders.filter((path) => !isListed(path))).toEqual([])
  })

  test('says of each what it means for other nodes', () => {
    const rows = section('What is kept in one process')
      .split('\n')
      .filter((line) => line.includes('`src/'))
    expect(rows.length).toBeGreaterThan(35)
    const kinds =
      /`\.? (?:\| )?_?(Engine|Cluster|Own|Settings|Cache|Shared|With its connection)(?![a-z])/
    expect(rows.filter((row) => !kinds.test(row.replace(/ +/g, ' ')))).toEqual([])
  })
})
