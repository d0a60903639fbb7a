/** Texts for readers: the README, the pages and the deployment files. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { commands } from '../../src/cli/cli.ts'
import type { Command } from '../../src/cli/command.ts'

export const ROOT = join(import.meta.dir, '../..')

export interface Text {
  /** Path from the root of the repository. */
  readonly name: string
  readonly text: string
}

export function readText(name: string): Text {
  return { name, text: readFileSync(join(ROOT, name), 'utf8') }
}

const inFolder = (folder: string, ending = ''): Text[] =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(ending))
    .toSorted()
    .map((name) => readText(join(folder, name)))

export const pages: readonly Text[] = inFolder('src/docs', '.md')
export const deployFiles: readonly Text[] = inFolder('src/deploy')
export const readme: Text = readText('README.md')
export const allTexts: readonly Text[] = [readme, ...pages, ...deployFiles]

/** A command line: `latchkey` and a word. As a user, image or service it is followed by none. */
const COMMAND_LINE = /(?:^|[\s`/])latchkey (?!latchkey\b)([a-z][a-z-]*(?: [^`\n]*)?)/gm
/** What follows is for another program, or a comment. */
const ENDS = /\s(?:#|\||&&)\s?.*$/

export interface Mention {
  readonly where: string
  readonly line: string
  readonly words: readonly string[]
}

/** Every `latchkey …` in the code of a text. */
export function mentions({ name, text }: Text): Mention[] {
  return [...text.matchAll(COMMAND_LINE)].map((match) => {
    const line = match[1]!.replace(ENDS, '').trim()
    return { where: name, line, words: line.split(/\s+/) }
  })
}

export function commandOf(words: readonly string[]): Command | undefined {
  return (
    commands.find(({ name }) => name === words.slice(0, 2).join(' ')) ??
    commands.find(({ name }) => name === words[0])
  )
}

/** Contents of code spans, without those of code blocks. */
export function codeSpans({ text }: Text): string[] {
  const prose = text.replaceAll(/^ *```[^]*?^ *```$/gm, '')
  return [...prose.matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!)
}
