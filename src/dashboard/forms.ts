/** Reads what a form sent. */
import type { z } from 'zod'
import { type Page } from './site.ts'

/** What is wrong with which field, in words for whoever filled it in. */
export type Faults = Readonly<Record<string, string>>

export type FormResult<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly faults: Faults }

export type Fields = Readonly<Record<string, string | readonly string[]>>

/** Every field as text; of a name that comes several times, the list. Files are left out. */
export async function readFields(page: Page): Promise<Fields> {
  const body = await page.req.parseBody({ all: true })
  const fields: Record<string, string | readonly string[]> = {}
  for (const [name, value] of Object.entries(body)) {
    const texts = [value].flat().filter((item) => typeof item === 'string')
    if (texts.length > 0) fields[name] = texts.length === 1 ? texts[0]! : texts
  }
  return fields
}

/** The fields as a schema wants them; the first complaint about each field is told. */
export function parseFields<Shape extends z.ZodType>(
  schema: Shape,
  fields: Fields,
): FormResult<z.output<Shape>> {
  const parsed = schema.safeParse(fields)
  if (parsed.success) return { ok: true, value: parsed.data }
  const faults: Record<string, string> = {}
  for (const { path, message } of parsed.error.issues) faults[String(path[0] ?? 'form')] ??= message
  return { ok: false, faults }
}

/** One field as text, empty where it is missing. */
export function textField(fields: Fields, name: string): string {
  const value = fields[name]
  return typeof value === 'string' ? value : (value?.[0] ?? '')
}

/** All values of a field. */
export function listField(fields: Fields, name: string): readonly string[] {
  const value = fields[name]
  return value === undefined ? [] : typeof value === 'string' ? [value] : value
}
