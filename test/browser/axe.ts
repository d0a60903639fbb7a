/** Asks axe, which knows the rules of accessible pages, what it finds wrong with a page. */
import { join } from 'node:path'
import type { Tab } from './browser.ts'

const SOURCE = join(import.meta.dir, '../../node_modules/axe-core/axe.min.js')

/** Loads axe into the next pages of a tab, past the page's Content-Security-Policy. */
export async function bringAxe(tab: Tab): Promise<void> {
  await tab.do(
    (page, content: string) => page.addInitScript({ content }),
    await Bun.file(SOURCE).text(),
  )
}

/** Violations on a desktop, light and dark: a line for each rule, with the first place. */
export async function violations(tab: Tab): Promise<string[]> {
  return tab.do(async (page, script: string) => {
    const found: string[] = []
    await page.setViewportSize({ width: 1280, height: 800 })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      // In dark mode only the colours differ.
      const rules = colorScheme === 'dark' ? "{ runOnly: ['color-contrast'] }" : '{}'
      const lines = await page.evaluate<string[]>(script.replace('RULES', rules))
      for (const line of lines) found.push(`${colorScheme}: ${line}`)
    }
    return found
  }, SCRIPT)
}

const SCRIPT = `axe.run(document, { resultTypes: ['violations'], selectors: false, preload: false, ...RULES }).then(({ violations }) =>
  violations.map(({ id, nodes }) => id + ': ' + nodes[0].html.slice(0, 120)))`
