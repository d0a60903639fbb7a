/** Adapters hold no rule: only the gate reads capabilities, channel rules and rates. */
import { expect, test } from 'bun:test'
import { type SourceFile, sourceFiles } from '../support/imports.ts'

const adapters = sourceFiles('protocol')

/** Modules that decide about rights, and the names that adapters may import from them. */
const RULES: Readonly<Record<string, readonly string[]>> = {
  'policy/capability/checker.ts': [],
  'policy/capability/intersection.ts': [],
  'policy/capability/trie.ts': [],
  'policy/capability/pattern.ts': [],
  'policy/capability/operations.ts': ['Operation'],
  // Requests for sandbox apps contain capabilities and rules.
  'policy/capability/capability.ts': [
    'Capability',
    'canonicalText',
    'parseCapability',
    'readCapability',
  ],
  'policy/channel-rule.ts': ['ChannelRuleSettings', 'DEFAULT_RULE_SETTINGS'],
  'policy/channel-claims.ts': [],
  'policy/client-identity.ts': [],
  'policy/app-state.ts': [],
  'policy/origin.ts': [],
  // Warnings are what the itty protocol has in the place of a refusal that counts; a text that is too large is not read.
  'policy/rate-limits.ts': ['Rate', 'Warnings', 'warn', 'largestText'],
  'policy/channel-access.ts': ['AccessDecision'],
  'core/publisher.ts': ['ownMessage', 'Publisher'],
}

function taken({ imports }: SourceFile): string[] {
  return imports.flatMap(({ from, names }) => {
    const allowed = RULES[from]
    if (!allowed) return []
    return (names.match(/\w+/g) ?? [])
      .filter((name) => name !== 'type' && !allowed.includes(name))
      .map((name) => `${from}: ${name}`)
  })
}

test('there are adapters to look at', () => {
  expect(adapters.length).toBeGreaterThan(100)
})

test('no adapter takes part in a decision of the policy', () => {
  const wrong = adapters.flatMap((file) => taken(file).map((what) => `${file.path} ← ${what}`))
  expect(wrong).toEqual([])
})

const READS: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a capability', /\.checker\b|\.permits\(|\boperationsOn\(/],
  ['what a token says of channels', /\.userClaims\b|\.publishRates\b/],
  ['a rule', /\.rule\(|\.authenticated\b|\.mutableMessages\b|\.pushEnabled\b/],
  ['a rate', /\bfullBucket\(|\btake\([^)]*, |\.perSecond\b/],
]

/** Where one of these words is what is written to somebody, not what is decided by. */
const WRITES: ReadonlySet<string> = new Set([
  'protocol/ably/rest/sandbox/routes.ts',
  'protocol/ably/rest/sandbox/request.ts',
])

test.each(READS)('no adapter reads %s itself', (_, pattern) => {
  const wrong = adapters.filter(({ code, path }) => !WRITES.has(path) && pattern.test(code))
  expect(wrong.map(({ path }) => path)).toEqual([])
})

test('nothing is published, changed or entered but through what asks the gate', () => {
  // Only the server publishes on meta channels.
  const own = new Set([
    'protocol/ably/realtime/metadata/lifecycle.ts',
    'protocol/ably/rest/sandbox/fixtures.ts',
  ])
  const wrong = adapters.filter(
    ({ code, path }) =>
      !own.has(path) && /\bpublisher\.(publish|edit|annotate)\(|\bpresence\.change\(/.test(code),
  )
  expect(wrong.map(({ path }) => path)).toEqual([])
})
