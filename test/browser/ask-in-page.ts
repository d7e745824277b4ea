// Asks from a tab of a page of the edge. The page gets the code as text: the tests' own compiler would change its import.

/** A page of playwright-core. */
interface Page {
  evaluate<Result>(code: string): Promise<Result>;
}

export interface InPage {
  readonly question: string;
  readonly options: { readonly mode: string; readonly maxAnswerTokens: number; readonly emulatedRoundTripMs?: number };
}

export interface FoundInPage {
  readonly text: string;
  /** What is said of the drafts. */
  readonly state: string;
  /** Null: the draft model drafts. */
  readonly lookUp: string | null;
  readonly isKept: boolean;
  readonly acceptedTokens: number;
  readonly isSecure: boolean;
}

/** Asks when the tab has loaded what it drafts with. */
export function askInPage(page: Page, asked: InPage): Promise<FoundInPage> {
  return page.evaluate<FoundInPage>(`(async ({ question, options }) => {
    const { openTab, wordsOfState } = await import(new URL('/pages/tab.js', location.href).href);
    const tab = await openTab();
    while (tab.state.lookUp === 'loading') await new Promise((resolve) => setTimeout(resolve, 20));
    const answer = tab.ask(question, options);
    let text = '';
    for await (const pieces of answer) for (const piece of pieces) text += piece.text;
    const { acceptedTokens } = await answer.report;
    const { lookUp, isKept } = tab.state;
    const state = wordsOfState(tab.state);
    tab.close();
    return { text, state, lookUp, isKept, acceptedTokens, isSecure: isSecureContext };
  })(${JSON.stringify(asked)})`);
}
