# SPDX-License-Identifier: GPL-2.0
# Shared by the tables.

# of list[1] to list[count], which it sorts
function median(list, count,    i, j, t)
{
	for (i = 2; i <= count; i++)
		for (j = i; j > 1 && list[j - 1] > list[j]; j--) {
			t = list[j]
			list[j] = list[j - 1]
			list[j - 1] = t
		}
	return list[int((count + 1) / 2)]
}
