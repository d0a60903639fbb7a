/** The page of licenses names every package in the executable with the license of its package file. */
import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import manifest from '../../package.json' with { type: 'json' }
import { ROOT, readText } from './texts.ts'

const { text } = readText('src/docs/license.md')

/** Package and license of each row of the table under a heading. */
function rowsUnder(heading: string): Map<string, string> {
  const section = text.split(/^## /m).find((part) => part.startsWith(heading))!
  const rows = section.matchAll(/^\| `(\S+)` +\| (\S+)/gm)
  return new Map(Array.from(rows, ([, name, license]) => [name!, license!]))
}

type Needs = Readonly<Record<string, string>>
interface Locked {
  readonly dependencies?: Needs
  readonly optionalDependencies?: Needs
}

/** Names of packages and their dependencies, from the lock file. */
function lockedFor(names: readonly string[]): Set<string> {
  const lock = Bun.JSONC.parse(readText('bun.lock').text) as {
    packages: Record<string, [string, string, Locked]>
  }
  const found = new Set<string>()
  const add = (name: string) => {
    if (found.has(name)) return
    found.add(name)
    // For packages of other platforms the file has only the name.
    const { dependencies, optionalDependencies } = lock.packages[name]?.[2] ?? {}
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) add(next)
  }
  names.forEach(add)
  return found
}

/** What the package itself says; undefined for one of another platform, which is not installed here. */
function licenseOf(name: string): string | undefined {
  const file = join(ROOT, 'node_modules', name, 'package.json')
  if (!existsSync(file)) return undefined
  return (JSON.parse(readFileSync(file, 'utf8')) as { license: string }).license
}

/** Those of one maker for several platforms have one row. */
const rowOf = (name: string) => name.replace(/^(@msgpackr-extract)\/.*/, '$1/*')

test('packages of the executable', () => {
  const locked = lockedFor(Object.keys(manifest.dependencies))
  expect(locked.size).toBeGreaterThan(15)
  const shown = rowsUnder('Packages in the executable')
  expect([...shown.keys()].toSorted()).toEqual([...new Set([...locked].map(rowOf))].toSorted())
  for (const name of locked) {
    const license = licenseOf(name)
    if (license !== undefined) expect([name, shown.get(rowOf(name))]).toEqual([name, license])
  }
})

test('packages for building and testing', () => {
  const names = Object.keys(manifest.devDependencies)
  const shown = rowsUnder('Packages for building and testing')
  expect([...shown]).toEqual(names.map((name) => [name, licenseOf(name)!]))
})

test('our own is that of the package file and of LICENSE', () => {
  expect(manifest.license).toBe('MIT')
  const license = readText('LICENSE').text
  expect(license).toStartWith('MIT License\n')
  expect(text).toContain(license.trim())
})

test('the text of the Apache License is that of the packages', () => {
  const own = readText('src/docs/apache-license.txt').text
  expect(own).toBe(readText('node_modules/@opentelemetry/api/LICENSE').text)
})
