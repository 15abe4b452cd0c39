using System.Text;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Sasl;

namespace IotXmpp.Hub.Features.Accounts;

/// <summary>A line that was not imported.</summary>
/// <param name="Number">Counts from 1.</param>
/// <param name="Reason">What is wrong with it; never the password.</param>
public sealed record BadLine(int Number, string Reason);

/// <summary>How an import stands or ended.</summary>
/// <param name="Lines">Lines read so far.</param>
/// <param name="Created">Accounts made.</param>
/// <param name="Updated">Accounts that were there and got another password.</param>
/// <param name="Unchanged">Accounts that were there with this password.</param>
/// <param name="Bad">Lines that were left out.</param>
public sealed record ImportReport(int Lines, int Created, int Updated, int Unchanged, IReadOnlyList<BadLine> Bad);

/// <summary>
/// Makes accounts of lines <c>name,password</c> (UTF-8). The name may end in <c>@domain</c>; the password is the rest of the line, or an RFC 4180 field in quotes. Empty lines and a first line
/// <c>name,password</c> are passed over. The same file twice leaves the same accounts. May run while a hub uses the database.
/// </summary>
public sealed class AccountImport(AccountStore store)
{
    /// <summary>Accounts in one transaction; default 500: a few milliseconds, so that a running hub is not held up.</summary>
    public const int BatchAccounts = 500;

    /// <summary>Characters of a line, at most: a localpart of 1,023 octets, a domain, a password.</summary>
    public const int LineLimit = 4_096;

    /// <summary>Bad lines, at most; default 10,000. Beyond it the import stops: the file is not what it should be.</summary>
    public const int BadLineLimit = 10_000;

    /// <summary>Imports all lines.</summary>
    /// <param name="csv">Read to its end, not closed.</param>
    /// <param name="domain">The hub's domain: names may carry it.</param>
    /// <param name="progress">Told after each batch.</param>
    /// <param name="cancellationToken">Stops between batches; what is done stays.</param>
    /// <exception cref="Storage.StorageException">The database failed; what was told as done is durable.</exception>
    /// <exception cref="InvalidDataException">More than <see cref="BadLineLimit"/> bad lines: this is no such file.</exception>
    public async Task<ImportReport> RunAsync(Stream csv, string domain, IProgress<ImportReport>? progress = null, CancellationToken cancellationToken = default)
    {
        using var reader = new StreamReader(csv, new UTF8Encoding(false, throwOnInvalidBytes: false), detectEncodingFromByteOrderMarks: false, bufferSize: 16 * 1024, leaveOpen: true);
        var state = new State();
        var batch = new List<(int Number, string Name, string Password)>(BatchAccounts);
        while (await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            state.Lines++;
            if (state.Lines == 1)
            {
                line = line.TrimStart('\uFEFF');
                if (line.Trim().Equals("name,password", StringComparison.OrdinalIgnoreCase))
                {
                    continue;
                }
            }

            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            if (!TryParse(line, domain, out string name, out string password, out string reason))
            {
                state.AddBad(state.Lines, reason);
                continue;
            }

            if (!state.Seen.TryAdd(name, state.Lines))
            {
                state.AddBad(state.Lines, $"the name of line {state.Seen[name]} again");
                continue;
            }

            batch.Add((state.Lines, name, password));
            if (batch.Count == BatchAccounts)
            {
                await PutAsync(batch, state, cancellationToken).ConfigureAwait(false);
                progress?.Report(state.Report());
            }
        }

        await PutAsync(batch, state, cancellationToken).ConfigureAwait(false);
        ImportReport report = state.Report();
        progress?.Report(report);
        return report;
    }

    private static bool TryParse(string line, string domain, out string name, out string password, out string reason)
    {
        name = password = reason = "";
        if (line.Length > LineLimit)
        {
            reason = $"longer than {LineLimit} characters";
            return false;
        }

        if (line.Contains('\uFFFD', StringComparison.Ordinal))
        {
            reason = "not UTF-8";
            return false;
        }

        if (!TryField(line, out string first, out int next) || next >= line.Length)
        {
            reason = "no comma: a line is name,password";
            return false;
        }

        string rest = line[next..];
        if (rest.StartsWith('"'))
        {
            if (!TryField(rest, out password, out int end) || end < rest.Length)
            {
                reason = "the quotes of the password do not close the line";
                return false;
            }
        }
        else
        {
            password = rest;
        }

        int at = first.IndexOf('@', StringComparison.Ordinal);
        if (at >= 0)
        {
            if (!string.Equals(first[(at + 1)..], domain, StringComparison.OrdinalIgnoreCase))
            {
                reason = $"the name is not of {domain}";
                return false;
            }

            first = first[..at];
        }

        if (!JidPrep.TryLocalpart(first, out string? localpart))
        {
            reason = "the name is no localpart (RFC 7622 §3.3)";
            return false;
        }

        if (password.Length == 0)
        {
            reason = "the password is empty";
            return false;
        }

        name = localpart;
        return true;
    }

    /// <summary>One field, plain or in quotes (RFC 4180 §2), and where the next begins.</summary>
    private static bool TryField(string line, out string value, out int next)
    {
        if (!line.StartsWith('"'))
        {
            int comma = line.IndexOf(',', StringComparison.Ordinal);
            value = comma < 0 ? line : line[..comma];
            next = comma < 0 ? line.Length : comma + 1;
            return true;
        }

        var text = new StringBuilder();
        for (int i = 1; i < line.Length; i++)
        {
            if (line[i] != '"')
            {
                text.Append(line[i]);
            }
            else if (i + 1 < line.Length && line[i + 1] == '"')
            {
                text.Append('"');
                i++;
            }
            else
            {
                value = text.ToString();
                next = i + 2;
                return i + 1 == line.Length || line[i + 1] == ',';
            }
        }

        value = "";
        next = line.Length;
        return false;
    }

    /// <summary>Derives the keys on all processors, then stores them in one transaction.</summary>
    private async Task PutAsync(List<(int Number, string Name, string Password)> batch, State state, CancellationToken cancellationToken)
    {
        var existing = new ScramCredentials?[batch.Count];
        for (int i = 0; i < batch.Count; i++)
        {
            existing[i] = await store.FindKeysAsync(batch[i].Name, ScramHash.Sha256, cancellationToken).ConfigureAwait(false);
        }

        var derived = new ScramCredentials[batch.Count][];
        var failed = new string?[batch.Count];
        await Task.Run(
            () => Parallel.For(0, batch.Count, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken }, i =>
            {
                if (existing[i] is { } keys && AccountService.Matches(keys, batch[i].Password))
                {
                    return;
                }

                if (AccountService.TryDerive(batch[i].Password, out ScramCredentials[]? made, out string? reason))
                {
                    derived[i] = made;
                }
                else
                {
                    failed[i] = reason;
                }
            }),
            cancellationToken).ConfigureAwait(false);

        var puts = new List<(string, IReadOnlyList<ScramCredentials>)>(batch.Count);
        int updated = 0;
        int unchanged = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            if (failed[i] is { } reason)
            {
                state.AddBad(batch[i].Number, reason);
            }
            else if (derived[i] is null)
            {
                unchanged++;
            }
            else
            {
                puts.Add((batch[i].Name, derived[i]));
                updated += existing[i] is null ? 0 : 1;
            }
        }

        if (puts.Count > 0)
        {
            List<string> refused = await store.PutAllAsync(puts, cancellationToken).ConfigureAwait(false);
            foreach (string name in refused)
            {
                state.AddBad(state.Seen[name], "the account was removed, and a running hub has to delete what it left first");
            }

            puts.RemoveAll(put => refused.Contains(put.Item1));
        }

        state.Created += puts.Count - updated;
        state.Updated += updated;
        state.Unchanged += unchanged;
        batch.Clear();
    }

    private sealed class State
    {
        private readonly List<BadLine> _bad = [];

        public Dictionary<string, int> Seen { get; } = new(StringComparer.Ordinal);

        public int Lines { get; set; }

        public int Created { get; set; }

        public int Updated { get; set; }

        public int Unchanged { get; set; }

        public void AddBad(int number, string reason)
        {
            if (_bad.Count >= BadLineLimit)
            {
                throw new InvalidDataException($"More than {BadLineLimit} bad lines: this is no list of name,password.");
            }

            _bad.Add(new BadLine(number, reason));
        }

        public ImportReport Report() => new(Lines, Created, Updated, Unchanged, [.. _bad.OrderBy(b => b.Number)]);
    }
}
