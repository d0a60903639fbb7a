/** Requirements that comments and tests cite are on their page, and every requirement there is cited. */
import { describe, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, type Text, readText } from './texts.ts'

const SPECIFICATION = 'https://sdk.ably.com/builds/ably/specification/main/features/'

/** Our own ids, with ranges such as "AC-1 to AC-34". */
const OWN = /\b(AC|C|E|F|H|L|N|O|V)-(\d+)\b(?: to \1-(\d+)\b)?/g
/** Points of the public specification of Ably's SDKs. */
const PUBLIC =
  /\b(?:R(?:SA|SC|SL|SP|SH|SAN|EC|TN|TL|TP|TC|TB|TF|TAN|TO|TLO|TLC|TLM)|O(?:D|OP|M|ST)|T(?:R|M|P|B|D|G|I|S|AN)|CD|CHD|HP|PBR|BSP|BAR)\d+[a-z]*\d*[a-z]*\b/g
/** A file as comments name it, with or without the folders above it. */
const FILE = /(?<![\w/.-])(?:[\w.-]+\/)*[\w-]+\.(?:tsx?|md|sql|css|mjs|conf)\b/g
/** Whatever a comment puts into brackets that looks like a reference. */
const REFERENCE = /\((?:itty )?([A-Z]{1,4}-?\d+[a-z]*\d*)[,;:)]/g

const page = readText('src/docs/requirements.md')

function filesIn(folder: string): Text[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(tsx?|css)$/.test(name))
    .map((name) => readText(join(folder, name)))
}

const sources = filesIn('src')
const tests = filesIn('test').filter(({ name }) => name !== 'test/docs/requirements.test.ts')

function ownIn({ text }: Text): string[] {
  return [...text.matchAll(OWN)].flatMap(([, group, first, last]) => {
    const [from, to] = [Number(first), Number(last ?? first)]
    return Array.from({ length: to - from + 1 }, (_, index) => `${group}-${from + index}`)
  })
}

const publicIn = ({ text }: Text) => Array.from(text.matchAll(PUBLIC), ([id]) => id)

function commentsOf({ text }: Text): string {
  return [...text.matchAll(/^\s*(?:\/\*\*?|\*|\/\/).*$/gm)].join('\n')
}

describe('requirements of our own', () => {
  const stated = Array.from(page.text.matchAll(/<a id="([^"]+)"><\/a>\*\*(\S+)\*\*/g))
  const ids = stated.map(([, id]) => id!)

  test('each is stated once, under its own anchor', () => {
    expect(ids.length).toBeGreaterThan(90)
    expect(new Set(ids).size).toBe(ids.length)
    for (const [, anchor, shown] of stated) expect(anchor).toBe(shown!)
  })

  test('whatever is cited is stated', () => {
    const faults = [...sources, ...tests].flatMap((file) =>
      ownIn(file)
        .filter((id) => !ids.includes(id))
        .map((id) => `${file.name}: ${id}`),
    )
    expect(faults).toEqual([])
  })

  test('whatever is stated is held by a test that cites it', () => {
    const cited = new Set(tests.flatMap(ownIn))
    expect(ids.filter((id) => !cited.has(id))).toEqual([])
  })
})

/** Points about live objects that begin so have a page of their own. */
const addressOf = (id: string) =>
  /^RT(?:O|L[OCM])\d/.test(id)
    ? SPECIFICATION.replace('features', 'objects-features')
    : SPECIFICATION

describe('requirements of the specification', () => {
  const links = Array.from(page.text.matchAll(/\[([A-Z]+\d\w*)\]\((\S+?)#([^)]+)\)/g))
  const linked = new Set(links.map(([, id]) => id!))

  test('each link leads to its own place', () => {
    for (const [, id, address, anchor] of links)
      expect([id, address, anchor]).toEqual([id, addressOf(id!), id!])
  })

  test('whatever is cited is linked, and nothing else', () => {
    const cited = new Set([...sources, ...tests].flatMap(publicIn))
    expect(cited.size).toBeGreaterThan(100)
    const missing = [...cited].filter((id) => !linked.has(id))
    expect(missing.map((id) => `[${id}](${addressOf(id)}#${id})`)).toEqual([])
    expect([...linked].filter((id) => !cited.has(id))).toEqual([])
  })
})

test('no comment refers to anything else in this way', () => {
  const faults = [...sources, ...tests].flatMap((file) =>
    Array.from(commentsOf(file).matchAll(REFERENCE), ([, id]) => id!)
      .filter((id) => ![OWN, PUBLIC].some((form) => id.match(form)?.[0] === id))
      .map((id) => `${file.name}: ${id}`),
  )
  expect(faults).toEqual([])
})

test('every file that a comment names is there', () => {
  const paths = ['src', 'test'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map(
      (name) => `/${folder}/${name}`,
    ),
  )
  const faults = [...sources, ...tests].flatMap((file) =>
    Array.from(commentsOf(file).matchAll(FILE), ([name]) => name)
      // Of the repository of the specification.
      .filter((name) => !name.startsWith('uts/'))
      .filter((name) => !paths.some((path) => path.endsWith(`/${name}`)))
      .map((name) => `${file.name}: ${name}`),
  )
  expect(faults).toEqual([])
})
