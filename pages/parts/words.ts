// Every text that the pages show.

export const words = {
  name: 'Outrider',
};
