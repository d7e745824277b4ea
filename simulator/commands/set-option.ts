// The option `--set`, of all commands that run a scenario.

export const setOption = {
  flag: '--set <path=value>',
  help: 'set a value of the scenario; may be given several times',
  texts: true,
  default: [],
} as const;
