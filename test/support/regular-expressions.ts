/** The regular expressions that stand in code. */

/** Where a slash divides: after a name, a number, a bracket that closes, or a text. */
const ENDS_A_VALUE = /[\w$)\]}'"`]$/
/** Words after which a slash begins an expression nevertheless. */
const KEYWORD = /\b(?:return|typeof|case|in|of|instanceof|void|delete|await|yield|else|do)$/

export interface Literal {
  readonly source: string
  readonly flags: string
}

/** @param code without comments and types, as the transpiler leaves it */
export function expressionsIn(code: string): Literal[] {
  const found: Literal[] = []
  scan(code, 0, found, false)
  return found
}

/** @returns where the code ends: at the end, or at the brace that closes a place in a template */
function scan(code: string, from: number, found: Literal[], isInTemplate: boolean): number {
  let depth = 0
  let at = from
  while (at < code.length) {
    const letter = code[at]!
    if (letter === "'" || letter === '"') at = endOfText(code, at)
    else if (letter === '`') at = endOfTemplate(code, at, found)
    else if (letter === '/' && code[at + 1] === '/') at = lineEnd(code, at)
    else if (letter === '/' && code[at + 1] === '*') at = code.indexOf('*/', at) + 2
    else if (letter === '/' && beginsExpression(code, at)) at = addExpression(code, at, found)
    else {
      if (letter === '{') depth++
      if (letter === '}' && depth-- === 0 && isInTemplate) return at + 1
      at++
    }
  }
  return at
}

function beginsExpression(code: string, at: number): boolean {
  const before = code.slice(Math.max(0, at - 100), at).trimEnd()
  return !ENDS_A_VALUE.test(before) || KEYWORD.test(before)
}

function addExpression(code: string, at: number, found: Literal[]): number {
  let isInClass = false
  let end = at + 1
  for (; code[end] !== '/' || isInClass; end++) {
    if (code[end] === '\\') end++
    else if (code[end] === '[') isInClass = true
    else if (code[end] === ']') isInClass = false
  }
  const [flags = ''] = /^[a-z]*/.exec(code.slice(end + 1, end + 10)) ?? []
  found.push({ source: code.slice(at + 1, end), flags })
  return end + 1 + flags.length
}

function endOfText(code: string, at: number): number {
  let end = at + 1
  while (end < code.length && code[end] !== code[at]) end += code[end] === '\\' ? 2 : 1
  return end + 1
}

function endOfTemplate(code: string, at: number, found: Literal[]): number {
  let end = at + 1
  while (end < code.length && code[end] !== '`') {
    if (code.startsWith('${', end)) end = scan(code, end + 2, found, true)
    else end += code[end] === '\\' ? 2 : 1
  }
  return end + 1
}

function lineEnd(code: string, at: number): number {
  const end = code.indexOf('\n', at)
  return end < 0 ? code.length : end
}
