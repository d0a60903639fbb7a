/** The policy takes everything as an argument: no I/O, clock, randomness or globals. */
import { describe, expect, test } from 'bun:test'
import { importsOf, readSource, sourceFiles } from '../support/imports.ts'

// The table of failures is included, because the policy returns names of failures.
const files = [...sourceFiles('policy'), readSource('failure.ts'), readSource('failure-table.ts')]
const paths = files.map((file) => file.path)

const MAY_NOT_MENTION =
  /\b(?:Date|performance|process|fetch|Bun|crypto|console|setTimeout|setInterval|queueMicrotask|globalThis|require|await|async)\b|Math\s*\.\s*random|import\s*\(|import\.meta/

describe('the policy', () => {
  test('has files', () => {
    expect(paths.length).toBeGreaterThanOrEqual(8)
  })

  test.each(paths)('%s imports only policy, failures, one comparison and one language', (path) => {
    for (const { from, names } of readSource(path).imports) {
      if (from === 'node:crypto') expect(names).toBe('{ timingSafeEqual }')
      else if (from === '@jmespath-community/jmespath') {
        expect(path).toMatch(/^policy\/(message-filter|filter-cost|filter-view)\.ts$/)
      } else expect(paths).toContain(from)
    }
  })

  test.each(paths)('%s mentions no clock, randomness, process or network', (path) => {
    const code = readSource(path).code.replaceAll('from "node:crypto"', '')
    expect(MAY_NOT_MENTION.exec(code)?.[0]).toBeUndefined()
  })

  test('the checks find what they look for', () => {
    for (const code of ['Date.now()', 'Math.random()', 'process.env', 'import ("x")']) {
      expect(code).toMatch(MAY_NOT_MENTION)
    }
    const imports = importsOf(
      'policy/x.ts',
      "import './effect.ts'\nimport {\n  type A,\n} from '../core/a.ts'\nexport const b = import('zod')",
    )
    expect(imports.map(({ from }) => from).toSorted()).toEqual([
      'core/a.ts',
      'policy/effect.ts',
      'zod',
    ])
  })
})
